"""A whole call over loopback: picture and sound arrive, in step, whatever the wire does."""

from __future__ import annotations

import json
import time

import numpy as np
from av import VideoFrame

from server.codec_pool import CodecPool
from server.push_timeline import PushTimeline
from tests.integration.loopback import Call, Client, Server, Wire, connect

BUSY_S = 0.12
"""What a busy machine may add. One lost packet costs aiortc's own buffer 0.28 s for good."""


def offsets_s(client: Client) -> list[float]:
    """Seconds from each beep's arrival to that of the flash of its picture."""
    bright = [(at, f.to_ndarray(format="gray").mean() > 100) for at, f in client.video.frames]
    flashes = [b[0] for a, b in zip(bright, bright[1:], strict=False) if b[1] and not a[1]]
    return [min((v - a for v in flashes), key=abs) for a in client.onsets()[1:-1]]


def median_delay_s(client: Client, begin_s: float, end_s: float = float("inf")) -> float:
    return float(np.median([d for at, d in client.echo_delays() if begin_s <= at < end_s]))


def now_s(call: Call) -> float:
    return call.client.video.frames[-1][0]


async def test_sound_and_picture_arrive_in_step_at_25_frames(pool: CodecPool) -> None:
    call = await connect(pool)
    try:
        await call.run(100)
        call.lag.must_be_small()
        video = call.client.video.frames
        rate = (len(video) - 26) / (video[-1][0] - video[25][0])
        assert 20 < rate < 28  # 25 on a quiet machine
        assert not [frame.pts for _, frame in video if (frame.pts - video[-1][1].pts) % 3600]
        found = offsets_s(call.client)
        # The picture of an instant may hear 80 ms more than it: the flash comes up to two
        # pictures before its beep.
        assert len(found) >= 4
        assert -0.12 - BUSY_S < np.median(found) < 0.06 + BUSY_S
        # 140 ms of playout, a packet and the wire.
        assert median_delay_s(call.client, 0) < 0.17 + BUSY_S
    finally:
        await call.aclose()


async def test_h264_comes_when_the_client_wants_it(pool: CodecPool) -> None:
    call = await connect(pool, client=Client(codec="video/H264"))
    try:
        await call.run(20)
        assert isinstance(call.client.video.frames[-1][1], VideoFrame)
        answer = call.client.pc.remoteDescription.sdp
        assert "H264" in answer
        assert "VP8" not in answer
    finally:
        await call.aclose()


async def test_the_clients_order_of_codecs_is_kept(pool: CodecPool) -> None:
    server, client = Server(pool), Client()
    try:
        answer = await server.peer.answer(await client.offer())
        video = answer[answer.index("m=video") :]
        assert video.index("VP8") < video.index("H264")
        assert "42e01f" in video
        assert "a=sendonly" in video
    finally:
        await client.aclose()
        await server.aclose()


async def test_loss_does_not_grow_the_delay(pool: CodecPool) -> None:
    wire = Wire(lost=lambda number: 100 <= number < 250 and number % 7 == 0)
    call = await connect(pool, wire=wire)
    try:
        await call.run(60)
        clean_s = now_s(call)
        await call.run(90)
        lossy_s = now_s(call)
        await call.run(75)
        call.lag.must_be_small()
        before = median_delay_s(call.client, 0, clean_s)
        after = median_delay_s(call.client, lossy_s)
        assert abs(after - before) < BUSY_S
        stats = (await call.server.peer.stats())["mic"]
        assert stats["lost"] >= 15
        assert call.server.reader.gaps >= 15
    finally:
        await call.aclose()


async def test_jitter_does_not_lose_sound_or_grow_the_delay_beyond_it(pool: CodecPool) -> None:
    late = np.random.default_rng(4).uniform(0, 0.03, 10_000)
    wire = Wire(delay_s=lambda number: float(late[number]))
    call = await connect(pool, wire=wire)
    try:
        await call.run(175)
        call.lag.must_be_small()
        stats = call.server.reader
        timeline = call.server.timeline
        assert timeline.stats.late < 0.05 * timeline.stats.heard  # type: ignore[attr-defined]
        assert stats.frames > 250
        assert median_delay_s(call.client, 0) < 0.2 + BUSY_S
    finally:
        await call.aclose()


async def test_a_stall_of_the_wire_leaves_no_delay_behind(pool: CodecPool) -> None:
    # 400 ms in which nothing passes, then all at once.
    wire = Wire(
        delay_s=lambda number: max(0.0, (170 - number) * 0.02) if 150 <= number < 170 else 0
    )
    call = await connect(pool, wire=wire)
    try:
        await call.run(70)
        clean_s = now_s(call)
        await call.run(30)
        stalled_s = now_s(call)
        await call.run(80)
        call.lag.must_be_small()
        before = median_delay_s(call.client, 0, clean_s)
        after = median_delay_s(call.client, stalled_s)
        assert abs(after - before) < BUSY_S
    finally:
        await call.aclose()


async def test_a_page_without_microphone_hears_what_is_pushed(pool: CodecPool) -> None:
    timeline = PushTimeline()
    call = await connect(pool, client=Client(mic=False), server=Server(pool, timeline))
    try:
        timeline.start_segment("a")
        tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
        timeline.push(tone.astype(np.float32))
        timeline.end_segment()
        await call.run(50)
        assert len(call.client.onsets()) == 1
        await call.client.audio.at_least(100)
    finally:
        await call.aclose()


async def test_an_interrupt_is_heard_and_seen_at_once(pool: CodecPool) -> None:
    timeline = PushTimeline()
    call = await connect(pool, client=Client(mic=False), server=Server(pool, timeline))
    try:
        timeline.start_segment("a")
        tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(80_000) / 16000)
        timeline.push(tone.astype(np.float32))
        await call.run(50)
        at_s = time.monotonic()
        call.server.player.interrupt()
        await call.run(25)
        call.lag.must_be_small()
        loud = [at for at, f in call.client.audio.frames if np.abs(f.to_ndarray()).max() > 4000]
        bright = [
            at for at, f in call.client.video.frames if f.to_ndarray(format="gray").mean() > 100
        ]
        assert at_s - 0.2 < loud[-1] < at_s + 0.06 + BUSY_S
        assert at_s - 0.2 < bright[-1] < at_s + 0.1 + BUSY_S
    finally:
        await call.aclose()


async def test_events_go_both_ways_on_the_data_channel(pool: CodecPool) -> None:
    call = await connect(pool)
    try:
        await call.run(10)
        assert call.server.peer.send({"type": "state", "speaking": True})
        call.client.channel.send('{"type": "interrupt"}')
        call.client.channel.send("x" * 70_000)
        await call.run(5)
        assert [json.loads(text) for text in call.client.events] == [
            {"type": "state", "speaking": True}
        ]
        assert call.server.messages == ['{"type": "interrupt"}']
    finally:
        await call.aclose()
    assert not call.server.peer.send({"type": "state"})


async def test_statistics_count_what_was_sent_and_heard(pool: CodecPool) -> None:
    call = await connect(pool)
    try:
        await call.run(75)
        stats = await call.server.peer.stats()
        assert stats["state"] == "connected"
        assert stats["mic"]["packets"] > 50
        assert stats["video"]["frames"] >= 75
        assert 0 < stats["video"]["encode_p50_ms"] < 5000
        assert stats["out_video"]["packets"] > 50
        assert stats["remote_video"]["packets_lost"] == 0
        assert 0 < stats["remote_audio"]["rtt_ms"] < 5000
    finally:
        await call.aclose()


async def test_an_offer_without_candidates_connects(pool: CodecPool) -> None:
    server, client = Server(pool), Client()
    try:
        offer = await client.offer()
        bare = [line for line in offer.split("\r\n") if "candidate" not in line]
        await client.take(await server.peer.answer("\r\n".join(bare)))
        await client.video.at_least(5)
    finally:
        await client.aclose()
        await server.aclose()
