"""What a peer says before, after and without a call; calls are in tests/integration/test_peer_*."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from server.peer import MAX_BUFFERED_BYTES, Peer, _add_stats
from server.rtc.offer_limits import BadOffer
from server.settings import IceServer, RtcSettings
from server.tracks import AvatarAudioTrack


def peer(settings: RtcSettings | None = None, closed: list[str] | None = None) -> Peer:
    told = closed if closed is not None else []
    return Peer(
        settings or RtcSettings(),
        size=256,
        audio_track=AvatarAudioTrack(),
        video_track=None,
        on_mic=None,
        on_closed=told.append,
        on_message=lambda message: None,
    )


class Channel(SimpleNamespace):
    """A data channel that keeps what is sent."""

    def send(self, text: str) -> None:
        self.sent.append(json.loads(text))


def channel(label: str = "events") -> Any:
    closed: list[bool] = []
    return Channel(
        label=label,
        readyState="open",
        bufferedAmount=0,
        sent=[],
        closed=closed,
        close=lambda: closed.append(True),
        on=lambda name, function: None,
    )


async def test_it_is_new_until_an_offer_and_closes_without_one() -> None:
    closed: list[str] = []
    made = peer(closed=closed)
    assert made.state == "new"
    assert await made.stats() == {"state": "new", "events_dropped": 0, "video": {}}
    await made.aclose()
    await made.aclose()
    assert closed == []
    with pytest.raises(BadOffer, match="one offer for each session"):
        await made.answer("v=0\r\n")


async def test_events_wait_for_the_channel_and_are_dropped_when_nobody_reads() -> None:
    made, opened, other = peer(), channel(), channel("other")
    assert not made.send({"a": 1})
    made._channel_opened(other)
    assert other.closed == [True]
    made._channel_opened(opened)
    assert made.send({"a": 1})
    opened.bufferedAmount = MAX_BUFFERED_BYTES + 1
    assert not made.send({"a": 2})
    assert opened.sent == [{"a": 1}]
    assert (await made.stats())["events_dropped"] == 1
    await made.aclose()


async def test_a_greeting_is_the_first_event() -> None:
    made, opened = peer(), channel()
    made._greeting = {"type": "disclosure"}
    made._channel_opened(opened)
    assert made.send({"a": 1})
    assert opened.sent == [{"type": "disclosure"}, {"a": 1}]
    await made.aclose()


async def test_ice_servers_are_always_said() -> None:
    for servers in ((), (IceServer(("turn:turn.example.org",), "u", "c"),)):
        made = peer(RtcSettings(ice_servers=servers))
        pc = made._connection()
        configured: Any = pc._RTCPeerConnection__configuration  # type: ignore[attr-defined]
        assert configured.iceServers is not None
        assert [item.urls for item in configured.iceServers] == [list(s.urls) for s in servers]
        await pc.close()
        await made.aclose()


async def test_the_end_is_told_once_with_what_it_was() -> None:
    for connected, state, reason in (
        (False, "failed", "could not connect"),
        (True, "failed", "connection lost"),
        (True, "closed", "hung up"),
    ):
        closed: list[str] = []
        made = peer(closed=closed)
        states = ["connected", state, "closed"] if connected else [state, "closed"]
        for name in states:
            made._pc = SimpleNamespace(connectionState=name)  # type: ignore[assignment]
            made._state_changed()
        assert closed == [reason]
        made._pc = None
        await made.aclose()


def test_reports_go_where_the_page_looks() -> None:
    result: dict[str, Any] = {}
    reports = [
        SimpleNamespace(type="inbound-rtp", kind="audio", jitter=480, packetsLost=3),
        SimpleNamespace(
            type="remote-inbound-rtp",
            kind="video",
            roundTripTime=0.0123,
            packetsLost=1,
            fractionLost=64,
        ),
        SimpleNamespace(
            type="remote-inbound-rtp",
            kind="audio",
            roundTripTime=None,
            packetsLost=0,
            fractionLost=0,
        ),
        SimpleNamespace(type="outbound-rtp", kind="video", packetsSent=7, bytesSent=900),
        SimpleNamespace(type="transport"),
    ]
    for report in reports:
        _add_stats(result, report)
    assert result == {
        "mic": {"jitter_ms": 10.0, "packets_lost": 3},
        "remote_video": {"rtt_ms": 12.3, "packets_lost": 1, "loss": 0.25},
        "remote_audio": {"rtt_ms": None, "packets_lost": 0, "loss": 0.0},
        "out_video": {"packets": 7, "bytes": 900},
    }
