"""All hardenings are put in place once, replaced by other settings, and taken back whole."""

from __future__ import annotations

from collections.abc import Iterator

import aioice.ice
import aiortc.rtp
import pytest
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.rtcrtpsender import RTCRtpSender

from server.rtc import install as module
from server.rtc import jitter
from server.rtc.install import install
from server.rtc.patches import IncompatibleLibrary
from server.settings import RtcSettings

LOOPBACK = RtcSettings(bind_addresses=("127.0.0.1",), udp_ports=(40000, 40010))


def names() -> tuple[object, ...]:
    return (
        aiortc.rtp.compute_audio_level_dbov,
        Vp8Encoder.encode,
        vars(Vp8Encoder)["target_bitrate"],
        H264Encoder._encode_frame,
        RTCRtpSender._send_keyframe,
        aioice.ice.CONSENT_INTERVAL,
        aioice.ice.get_host_addresses,
        aioice.ice.StunProtocol.datagram_received,
        aioice.ice.Connection.get_component_candidates,
    )


ORIGINAL = names()


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    yield
    for installed in list(module._installed):
        installed.undo()
    assert names() == ORIGINAL


def test_every_hardening_is_there_and_undone() -> None:
    installed = install(LOOPBACK)
    assert all(now is not was for now, was in zip(names(), ORIGINAL, strict=True))
    assert aioice.ice.CONSENT_INTERVAL == 1.0
    installed.undo()
    installed.undo()
    assert names() == ORIGINAL


def test_the_same_again_does_nothing_and_others_replace() -> None:
    first = install(LOOPBACK)
    before = names()
    assert install(LOOPBACK) is first
    assert names() == before
    install(RtcSettings(consent_interval_s=2.0))
    assert aioice.ice.CONSENT_INTERVAL == 2.0
    assert aioice.ice.Connection.get_component_candidates is ORIGINAL[-1]


def test_a_name_that_is_gone_leaves_nothing_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(aioice.ice, "CONSENT_FAILURES")
    with pytest.raises(IncompatibleLibrary, match="CONSENT_FAILURES; tested with aioice"):
        install(LOOPBACK)
    assert names() == ORIGINAL


def test_a_receiver_that_changed_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jitter, "_QUEUE", "_RTCRtpReceiver__gone")
    with pytest.raises(IncompatibleLibrary, match="__gone"):
        install(LOOPBACK)
    assert names() == ORIGINAL
