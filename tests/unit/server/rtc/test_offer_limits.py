"""What aiortc would choke on, or keep for ever, is refused first, with what is wrong."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.rtc.offer_limits import BadOffer, check_candidate, check_offer

SESSION = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0"]
SECURE = [
    "a=ice-ufrag:abcd",
    "a=ice-pwd:abcdefghijklmnopqrstuv",
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
    "a=setup:actpass",
]
AUDIO = ["m=audio 9 UDP/TLS/RTP/SAVPF 111 0", "c=IN IP4 0.0.0.0", "a=mid:0", "a=sendrecv"]
AUDIO += ["a=rtcp-mux", "a=rtpmap:111 opus/48000/2", *SECURE]
VIDEO = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:1", "a=rtcp-mux", "a=rtpmap:96 VP8/90000"]
VIDEO += SECURE
DATA = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:2", *SECURE]
HOST = "a=candidate:1 1 udp 2122260223 192.0.2.1 5000 typ host generation 0"
MDNS = "a=candidate:2 1 udp 2122260223 1f4a-b.local 5000 typ host"


def sdp(*sections: list[str], extra: list[str] | None = None) -> str:
    lines = [line for section in (SESSION, *sections) for line in section]
    return "\r\n".join([*lines, *(extra or [])]) + "\r\n"


GOOD = sdp(AUDIO, VIDEO, DATA, extra=[HOST])


def test_a_browsers_offer_passes_unchanged() -> None:
    assert check_offer(GOOD) == GOOD
    assert check_offer(GOOD.replace("\r\n", "\n")) == GOOD


def test_credentials_may_stand_in_the_session() -> None:
    plain = [line for line in AUDIO if line not in SECURE]
    check_offer("\r\n".join([*SESSION, *SECURE, *plain]) + "\r\n")


def test_mdns_and_tcp_candidates_are_taken_out() -> None:
    tcp = "a=candidate:3 1 tcp 1 192.0.2.1 9 typ host tcptype active"
    out = check_offer(sdp(AUDIO, extra=[HOST, MDNS, tcp]))
    assert HOST in out
    assert ".local" not in out
    assert "tcptype" not in out


BAD = {
    "empty": ("", "got nothing"),
    "garbage": ("hello", "v=0"),
    "line without type": (GOOD.replace("s=-", "nonsense"), "RFC 8866"),
    "NUL": (GOOD.replace("opus", "op\0us"), "control characters"),
    "escape": (GOOD.replace("opus", "op\x1bus"), "control characters"),
    "too large": (GOOD + "a=x:" + "y" * 65_536 + "\r\n", "at most 65536"),
    "long line": (GOOD + "a=x:" + "y" * 5000 + "\r\n", "line length"),
    "many lines": (GOOD + "a=x\r\n" * 2000, "lines"),
    "33 candidates": (sdp(AUDIO, extra=[HOST] * 33), "candidates: got 33"),
    "five m-lines": (sdp(AUDIO, *[VIDEO] * 4), "m-lines: got 5, wanted at most 4"),
    "no audio": (sdp(VIDEO).replace("BUNDLE 0", "BUNDLE 1"), "an audio m-line"),
    "no m-line": (sdp(), "an audio m-line"),
    "port": (GOOD.replace("audio 9 ", "audio 70000 "), "port: got 70000"),
    "huge port": (GOOD.replace("audio 9 ", "audio 99999999999 "), "m-line"),
    "bad m-line": (GOOD.replace("m=audio 9", "m=audio x"), "m-line"),
    "kind": (GOOD.replace("m=video", "m=text"), "media kind"),
    "formats": (GOOD.replace("SAVPF 111 0", "SAVPF 111 x"), "payload type"),
    "many formats": (GOOD.replace("SAVPF 111 0", "SAVPF" + " 0" * 65), "formats on one m-line"),
    "no fingerprint": (
        sdp([line for line in AUDIO if "fingerprint" not in line]),
        "a=fingerprint: got none",
    ),
    "weak fingerprint": (
        sdp([line.replace("sha-256", "sha-1") for line in AUDIO]),
        "wanted sha-256",
    ),
    "short fingerprint": (sdp([line.replace(":AB", "", 1) for line in AUDIO]), "a=fingerprint"),
    "no ufrag": (sdp([line for line in AUDIO if "ufrag" not in line]), "a=ice-ufrag"),
    "short pwd": (sdp([line.replace("pwd:abc", "pwd:") for line in AUDIO]), "a=ice-pwd"),
    "no mux": (sdp([line for line in AUDIO if "mux" not in line]), "a=rtcp-mux"),
    "no mid": (sdp([line for line in AUDIO if "mid" not in line]), "a=mid"),
    "mid twice": (GOOD.replace("a=mid:1", "a=mid:0"), "a=mid: got one twice"),
    "bundle": (GOOD.replace("BUNDLE 0", "BUNDLE 0 7"), "names of no m-line"),
    "setup": (sdp([line.replace("actpass", "holdconn") for line in AUDIO]), "a=setup"),
    "candidate": (sdp(AUDIO, extra=["a=candidate:x y z"]), "RFC 8839"),
    "candidate port": (sdp(AUDIO, extra=[HOST.replace("5000", "0")]), "RFC 8839"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_offer_is_refused_with_the_reason(name: str) -> None:
    offer, why = BAD[name]
    with pytest.raises(BadOffer) as refused:
        check_offer(offer)
    assert why in str(refused.value)
    assert refused.value.what
    assert refused.value.wanted
    assert len(str(refused.value)) < 300


def test_the_largest_offer_is_checked_without_blowing_up() -> None:
    offers = [sdp(AUDIO, extra=["a=fmtp:111 " + "a" * 3000] * 20 + [HOST] * 32), "a" * 10_000_000]
    offers += ["v=0\r\n" + "m=audio 9 A 0\r\n" * 20_000, GOOD + "a=candidate:" + "9 " * 2000]
    for offer in offers:
        begin = time.thread_time()
        try:
            check_offer(offer)
        except BadOffer:
            pass
        assert time.thread_time() - begin < 2


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300),
        st.builds(
            lambda a, b: GOOD[:a] + b + GOOD[a:], st.integers(0, len(GOOD)), st.text(max_size=20)
        ),
    )
)
def test_any_text_is_taken_or_refused(offer: str) -> None:
    try:
        check_offer(offer)
    except BadOffer as error:
        assert str(error)


def test_a_trickled_candidate_is_checked() -> None:
    assert check_candidate(HOST) == HOST.removeprefix("a=")
    assert check_candidate(" ") is None
    assert check_candidate(MDNS) is None
    for bad in ("candidate:1", HOST.replace("2122260223", "9" * 10), "x" * 5000, "candidate:\n"):
        with pytest.raises(BadOffer):
            check_candidate(bad)


def test_what_must_be_in_it_can_be_chosen() -> None:
    watching = GOOD.replace("m=audio", "m=video")
    with pytest.raises(BadOffer, match="audio"):
        check_offer(watching)
    assert check_offer(watching, ("audio", "video")) == watching
