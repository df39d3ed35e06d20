"""What is played is the sound, in real time and over again."""

from __future__ import annotations

import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters
from aiortc.codecs.opus import OpusDecoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpsender import RTCRtpSender

from engines.values import F32
from server.bench.tape import Tape, encoded


def tone(packets: int) -> F32:
    return (0.4 * np.sin(np.arange(960 * packets - 10) / 15)).astype(np.float32)


class Transport:
    state = "new"
    _stats_id = "transport"


def test_packets_hold_the_sound() -> None:
    packets, decoder = encoded(tone(25)), OpusDecoder()
    assert len(packets) == 25
    heard = [
        decoder.decode(JitterFrame(data=data, timestamp=960 * k))[0]
        for k, data in enumerate(packets)
    ]
    level = np.concatenate([one.to_ndarray()[0] for one in heard])[9600:] / 32768  # type: ignore[attr-defined]
    assert 0.2 < float(np.sqrt((level**2).mean())) < 0.35
    assert len(encoded(np.zeros(0, np.float32))) == 1


async def test_a_tape_plays_in_a_loop_and_aiortc_packs_it() -> None:
    playing = Tape(tone(3))
    sender = RTCRtpSender(playing, Transport())  # type: ignore[arg-type]
    opus = RTCRtpCodecParameters("audio/opus", clockRate=48_000, channels=2, payloadType=96)
    found = [await sender._next_encoded_frame(opus) for _ in range(5)]
    assert [one.timestamp for one in found if one] == [0, 960, 1920, 2880, 3840]
    assert [one.payloads[0] for one in found if one] == [*playing.packets, *playing.packets[:2]]
    playing.stop()
    with pytest.raises(MediaStreamError):
        await playing.recv()
