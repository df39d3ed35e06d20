"""Which media an offer through a door must have: what WHIP and WHEP allow, no more.

Pure; runs on the event loop.
Never parses more than m-lines and directions: `server.rtc.offer_limits` has checked the rest.
"""

from __future__ import annotations

from typing import Literal

from server.errors import ApiError

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
GOOD = {"whip": ("sendonly", "sendrecv"), "whep": ("recvonly", "sendrecv")}
"""RFC 9725 section 4.2 and draft-ietf-wish-whep: what the client's own direction may be."""


def directions(sdp: str) -> list[tuple[str, str]]:
    """(kind, direction) of each m-line; sendrecv where none is told."""
    found: list[tuple[str, str]] = []
    usual = "sendrecv"
    for line in sdp.splitlines():
        if line.startswith("m="):
            found.append((line[2:].split(" ")[0], usual))
        elif line.startswith("a=") and line[2:].strip() in DIRECTIONS:
            if not found:
                usual = line[2:].strip()
            else:
                found[-1] = (found[-1][0], line[2:].strip())
    return found


def check_direction(kind: Literal["whip", "whep"], sdp: str) -> None:
    """Raises ApiError 406 for two tracks of one kind, or media that go the wrong way.

    RFC 9725 wants a whole refusal rather than an answer that grants half.
    """
    media = [row for row in directions(sdp) if row[0] in ("audio", "video")]
    for name in ("audio", "video"):
        count = sum(row[0] == name for row in media)
        if count > 1:
            raise _not_acceptable(f"{count} {name} m-lines", "one of each kind")
    good = GOOD[kind]
    for name, direction in media:
        if direction not in good and not (kind == "whip" and name == "video"):
            raise _not_acceptable(f"{name} is {direction}", f"{' or '.join(good)}")


def _not_acceptable(got: str, wanted: str) -> ApiError:
    return ApiError(406, "not_acceptable", f"the offer: got {got}, wanted {wanted}")
