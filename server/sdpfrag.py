"""Trickle ICE fragments (RFC 8840 §9, as WHIP sends them) to plain candidates.

Pure; runs on the event loop.
Never resolves an address and never keeps more than the allowed number of candidates.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.schemas import MAX_CANDIDATES

MAX_LINE = 1024


class BadFragment(ValueError):
    """The fragment cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a fragment says."""

    ufrag: str | None
    candidates: tuple[tuple[str, str | None, int | None], ...]
    """(candidate, mid, m-line index); an empty candidate ends the list of its m-line."""


def parse_fragment(text: str) -> Fragment:
    """Read a fragment. Raises BadFragment on a line too long, too many candidates or none."""
    ufrag: str | None = None
    mid: str | None = None
    index: int | None = None
    found: list[tuple[str, str | None, int | None]] = []
    for line in text.splitlines():
        if len(line) > MAX_LINE:
            raise BadFragment(f"a line has more than {MAX_LINE} characters")
        if line.startswith("m="):
            index, mid = (0 if index is None else index + 1), None
        elif line.startswith("a=mid:"):
            mid = line[6:].strip()
        elif line.startswith("a=ice-ufrag:"):
            ufrag = line[12:].strip()
        elif line.startswith("a=candidate:"):
            found.append((line[2:].strip(), mid, index))
        elif line.startswith("a=end-of-candidates"):
            found.append(("", mid, index))
        if len(found) > MAX_CANDIDATES:
            raise BadFragment(f"more than {MAX_CANDIDATES} candidates")
    if not found and ufrag is None:
        raise BadFragment("no candidate and no ice-ufrag in it")
    return Fragment(ufrag, tuple(found))


def offered_ufrag(sdp: str) -> str | None:
    """The ice-ufrag of an offer (the first: media is bundled), or None."""
    for line in sdp.splitlines():
        if line.startswith("a=ice-ufrag:"):
            return line[12:].strip()
    return None
