"""ICE consent (RFC 7675): how soon a peer that vanished without a word is noticed.

Applied once at start-up on the main thread.
Never ends a peer that answers one check in `failures`.
"""

from __future__ import annotations

import aioice.ice

from server.rtc.patches import Patch


def patches(interval_s: float, failures: int) -> list[Patch]:
    """Check every `interval_s`; give up after `failures` in a row.

    aioice ships 5 s x 6: a killed client was noticed after 29-33 s; 1 s x 3 takes 3.3-4.3 s.
    """
    return [
        Patch("aioice", aioice.ice, "CONSENT_INTERVAL", interval_s),
        Patch("aioice", aioice.ice, "CONSENT_FAILURES", failures),
    ]
