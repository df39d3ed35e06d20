"""Checks an offer before aiortc parses it, and makes it cheap to parse.

Pure; runs on the event loop in well under 1 ms for the largest offer it lets through.
Never lets aiortc see what it would accept and then keep for ever, or chew on for a second.
"""

from __future__ import annotations

import re

MAX_BYTES = 65_536
MAX_LINES = 1_500
MAX_LINE = 4_096
MAX_CANDIDATES = 32
"""2,000 candidates block the event loop for 1.2 s in aiortc."""
MAX_MEDIA = 4
MAX_FORMATS = 64
"""Payload types on one m-line: Chromium offers about 40."""

_MEDIA = re.compile(r"^m=(\w+) (\d{1,10}) ([A-Z/]+) (.+)$")
_FINGERPRINT = re.compile(r"^a=fingerprint:(sha-\d{1,3}) ((?:[0-9A-F]{2}:)+[0-9A-F]{2})$", re.I)
_UFRAG = re.compile(r"^a=ice-ufrag:[A-Za-z0-9+/]{4,256}$")
_PWD = re.compile(r"^a=ice-pwd:[A-Za-z0-9+/]{22,256}$")
_CANDIDATE = re.compile(
    r"^candidate:\S{1,64} ([12]) (udp|tcp) (\d{1,10}) (\S{1,255}) (\d{1,5}) typ (\w+)(?: \S+)*$",
    re.I,
)
_DIGESTS = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""The only ones aiortc checks; another would fail after the answer, in silence."""


class BadOffer(ValueError):
    """An offer or candidate cannot be used: what is wrong, what it was, what is wanted."""

    def __init__(self, what: str, got: str, wanted: str) -> None:
        super().__init__(f"{what}: got {got}, wanted {wanted}")
        self.what = what
        self.got = got
        self.wanted = wanted


def check_offer(sdp: str, wanted: tuple[str, ...] = ("audio",)) -> str:
    """Return the offer as aiortc shall see it: mDNS candidates taken out.

    One of the kinds of media `wanted` must be in it. Raises BadOffer.
    """
    _check_size(sdp)
    lines = [line for line in re.split(r"\r?\n", sdp) if line]
    if not lines or lines[0] != "v=0":
        raise BadOffer("first line", "something else", "v=0 (an SDP offer)")
    _check_lines(lines)
    sections = _sections(lines)
    if len(sections) - 1 > MAX_MEDIA:
        raise BadOffer("m-lines", str(len(sections) - 1), f"at most {MAX_MEDIA}")
    kinds = [_check_media(section[0]) for section in sections[1:]]
    if not set(wanted) & set(kinds):
        raise BadOffer("m-lines", ", ".join(kinds) or "none", f"an {' or '.join(wanted)} m-line")
    for section in sections[1:]:
        _check_credentials(sections[0] + section)
        _check_section(section)
    _check_names(sections)
    return "\r\n".join(line for line in lines if not _is_mdns(line)) + "\r\n"


def check_candidate(candidate: str) -> str | None:
    """A trickled `candidate:...` line to hand on, or None where there is nothing to add.

    mDNS names and TCP are left out: the browser's checks reach us and are learned from
    (peer-reflexive), while resolving a name would hold the request for a second.
    Raises BadOffer.
    """
    if len(candidate) > MAX_LINE or not candidate.isprintable():
        raise BadOffer("candidate", f"{len(candidate)} characters", "one printable line")
    text = candidate.strip().removeprefix("a=")
    if not text:
        return None
    found = _CANDIDATE.match(text)
    if found is None or not 0 < int(found[5]) < 65536 or int(found[3]) >= 1 << 32:
        raise BadOffer("candidate", repr(text[:80]), "candidate:... as in RFC 8839")
    if found[2].lower() == "tcp" or found[4].lower().endswith(".local"):
        return None
    return text


def _check_size(sdp: str) -> None:
    # A text longer than the limit is so in bytes too, and need not be encoded to be told.
    size = len(sdp) if len(sdp) > MAX_BYTES else len(sdp.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise BadOffer("offer size", f"{size} bytes", f"at most {MAX_BYTES}")
    if not size:
        raise BadOffer("offer", "nothing", "an SDP offer")
    if not sdp.replace("\r", "").replace("\n", "").isprintable():
        raise BadOffer("offer", "control characters", "printable text and line ends only")


def _check_lines(lines: list[str]) -> None:
    if len(lines) > MAX_LINES:
        raise BadOffer("lines", str(len(lines)), f"at most {MAX_LINES}")
    longest = max(map(len, lines))
    if longest > MAX_LINE:
        raise BadOffer("line length", str(longest), f"at most {MAX_LINE}")
    for line in lines:
        if len(line) < 2 or line[1] != "=":
            raise BadOffer("line", repr(line[:40]), "TYPE=VALUE (RFC 8866)")
    candidates = [line for line in lines if line.startswith("a=candidate")]
    if len(candidates) > MAX_CANDIDATES:
        raise BadOffer("candidates", str(len(candidates)), f"at most {MAX_CANDIDATES}")
    for line in candidates:
        check_candidate(line)


def _sections(lines: list[str]) -> list[list[str]]:
    """The session's lines, then those of each m-line."""
    found: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            found.append([])
        found[-1].append(line)
    return found


def _check_media(line: str) -> str:
    found = _MEDIA.match(line)
    if found is None:
        raise BadOffer("m-line", repr(line[:60]), "m=KIND PORT PROTOCOL FORMATS")
    kind, port, formats = found[1], int(found[2]), found[4].split()
    if kind not in ("audio", "video", "application"):
        raise BadOffer("media kind", repr(kind[:20]), "audio, video or application")
    if port > 65535:
        raise BadOffer("port", found[2], "0 to 65535")
    if len(formats) > MAX_FORMATS:
        raise BadOffer("formats on one m-line", str(len(formats)), f"at most {MAX_FORMATS}")
    if kind != "application" and not all(f.isascii() and f.isdigit() for f in formats):
        raise BadOffer(f"{kind} formats", "something else", "payload type numbers")
    return kind


def _check_credentials(lines: list[str]) -> None:
    """`lines`: the session's and one media section's, which may each hold them."""
    if not any(_UFRAG.match(line) for line in lines):
        raise BadOffer("a=ice-ufrag", "none or malformed", "4 to 256 ice characters")
    if not any(_PWD.match(line) for line in lines):
        raise BadOffer("a=ice-pwd", "none or malformed", "22 to 256 ice characters")
    prints = [found for line in lines if (found := _FINGERPRINT.match(line))]
    good = [f for f in prints if _DIGESTS.get(f[1].lower()) == f[2].count(":") + 1]
    if not good:
        raise BadOffer("a=fingerprint", "none or malformed", "sha-256, sha-384 or sha-512")


def _check_section(lines: list[str]) -> None:
    if lines[0].startswith(("m=audio", "m=video")):
        if "a=rtcp-mux" not in lines:
            raise BadOffer("a=rtcp-mux", "none", "RTP and RTCP on one port")
    if not any(line.startswith("a=mid:") and len(line) > 6 for line in lines):
        raise BadOffer("a=mid", "none", "one on each m-line")
    setups = {line for line in lines if line.startswith("a=setup:")}
    if setups - {"a=setup:actpass", "a=setup:active", "a=setup:passive"}:
        raise BadOffer("a=setup", "something else", "actpass, active or passive")


def _check_names(sections: list[list[str]]) -> None:
    """Each m-line has a name of its own, and only such names are bundled."""
    mids = [line[6:] for part in sections[1:] for line in part if line.startswith("a=mid:")]
    if len(set(mids)) != len(sections) - 1 or len(mids) != len(sections) - 1:
        raise BadOffer("a=mid", "one twice", "a name of its own on each m-line")
    for line in sections[0]:
        if line.startswith("a=group:BUNDLE") and set(line.split()[1:]) - set(mids):
            raise BadOffer("a=group:BUNDLE", "names of no m-line", "names given by a=mid")


def _is_mdns(line: str) -> bool:
    if not line.startswith("a=candidate"):
        return False
    return check_candidate(line) is None
