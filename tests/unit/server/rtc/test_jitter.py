"""One lost packet costs no delay for good; order is restored; nothing waits without need."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiortc import RTCRtpCodecParameters
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtcrtpreceiver import RemoteStreamTrack, RTCRtpReceiver
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from server.rtc import jitter, sound
from server.rtc.jitter import AudioJitterBuffer, FrameBatch
from server.rtc.patches import IncompatibleLibrary


def packet(number: int) -> Any:
    made: Any = RtpPacket(sequence_number=number % 65536, timestamp=number * 960 % (1 << 32))
    made._data = str(number).encode()
    return made


def feed(buffer: Any, numbers: list[int]) -> list[tuple[int, int]]:
    """(packet that was added, packet that came out) in order."""
    out = []
    for number in numbers:
        _, frame = buffer.add(packet(number))
        if frame is not None:
            frames = frame.split() if isinstance(frame, FrameBatch) else [frame]
            out += [(number, int(item.data)) for item in frames]
    return out


def lag_at_the_end(buffer: Any, numbers: list[int]) -> int:
    added, came = feed(buffer, numbers)[-1]
    return added - came


LOSS = [number for number in range(200) if number not in (50, 90, 91, 130)]


def test_in_order_nothing_waits() -> None:
    assert feed(AudioJitterBuffer(), list(range(20))) == [(n, n) for n in range(20)]


def test_a_lost_packet_costs_no_delay_for_good() -> None:
    buffer = AudioJitterBuffer()
    assert lag_at_the_end(buffer, LOSS) == 0
    assert buffer.stats().lost == 4


def test_without_it_the_delay_grows_and_stays() -> None:
    assert lag_at_the_end(JitterBuffer(capacity=16, prefetch=4), LOSS) > 8


def test_a_hole_is_given_up_after_two_packets_and_nothing_else_is_lost() -> None:
    out = feed(AudioJitterBuffer(), [0, 1, 3, 4, 5])
    assert out == [(0, 0), (1, 1), (4, 3), (4, 4), (5, 5)]


def test_two_packets_that_change_places_are_put_right() -> None:
    buffer = AudioJitterBuffer()
    assert [came for _, came in feed(buffer, [0, 2, 1, 3])] == [0, 1, 2, 3]
    assert buffer.stats().lost == 0
    assert buffer.stats().reordered == 1


def test_late_and_repeated_packets_are_dropped() -> None:
    buffer = AudioJitterBuffer()
    assert [came for _, came in feed(buffer, [0, 2, 3, 1, 3, 4])] == [0, 2, 3, 4]
    assert buffer.stats().late == 2


def test_a_new_stream_begins_anew() -> None:
    assert [came for _, came in feed(AudioJitterBuffer(), [5, 6, 30000, 30001, 100])] == [
        5,
        6,
        30000,
        30001,
        100,
    ]


def test_the_sequence_number_wraps() -> None:
    out = feed(AudioJitterBuffer(), list(range(65530, 65545)))
    assert [came for _, came in out] == list(range(65530, 65545))


def test_timestamps_keep_their_hole_and_wrap() -> None:
    buffer = AudioJitterBuffer()
    first = (1 << 32) // 960 - 1
    for number in (first, first + 2):
        buffer.add(packet(number))
    _, batch = buffer.add(packet(first + 3))
    assert isinstance(batch, FrameBatch)
    batch.timestamp = 1920  # as the receiver maps it
    assert [frame.timestamp for frame in batch.split()] == [1920, 2880]


@given(st.lists(st.integers(0, 60), max_size=120))
def test_order_is_kept_and_nothing_is_held_long(numbers: list[int]) -> None:
    buffer = AudioJitterBuffer()
    out = [came for _, came in feed(buffer, numbers)]
    assert out == sorted(set(out))
    assert len(buffer._waiting) < jitter.WAIT_PACKETS
    assert set(out) <= set(numbers)


def test_at_least_one_packet_must_be_waited_for() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        AudioJitterBuffer(0)


class Transport:
    state = "new"


class Echoing:
    def decode(self, encoded: Any) -> list[Any]:
        return [encoded.data]


async def test_it_takes_its_place_on_a_receiver_and_opens_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sound, "VoiceDecoder", Echoing)
    transport: Any = Transport()
    receiver = RTCRtpReceiver("audio", transport)
    receiver._track = RemoteStreamTrack(kind="audio")
    buffer = jitter.install(receiver)
    assert getattr(receiver, jitter._BUFFER) is buffer
    queue = getattr(receiver, jitter._QUEUE)
    feed(buffer, [0])
    buffer.add(packet(2))
    _, batch = buffer.add(packet(3))
    queue.put((RTCRtpCodecParameters("audio/opus", clockRate=48_000), batch))
    queue.put(None)
    assert [receiver._track._queue.get_nowait() for _ in range(2)] == [b"2", b"3"]
    assert queue.get() is None
    await asyncio.sleep(0)


def test_a_receiver_that_changed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    jitter.check()
    monkeypatch.setattr(jitter, "_BUFFER", "_RTCRtpReceiver__renamed")
    with pytest.raises(IncompatibleLibrary, match="__renamed"):
        jitter.check()
