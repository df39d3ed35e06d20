"""The heartbeat on a virtual clock: sound in, sound and picture out, interrupts, stalls, faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from engines.chunker import Chunker
from engines.loop import LEAD
from engines.mailbox import Mailbox
from engines.values import MOTION_SIZE, U8, AudioChunk, AudioWindow, Picture
from server import probe as probe_module
from server.media import SPEECH_LEAD_S
from server.pacing import Pacer
from server.player import Outlets, Player
from server.playout import Sound, Still
from server.push_timeline import PushTimeline
from server.timeline import MicTimeline, SegmentEvent, Timeline
from tests.support.fake_clock import FakeClock

RATE = 16000
IDLE = np.full((4, 4, 3), 9, np.uint8)


class Rig:
    """A player whose engine answers each window after `pipeline_s`, on a virtual clock."""

    def __init__(self, timeline: Timeline, pipeline_s: float = 0.012) -> None:
        self.clock = FakeClock(100.0)
        self.timeline = timeline
        self.engine_audio: Mailbox[AudioChunk] = Mailbox("audio", 25, "drop-oldest")
        self.frames: Mailbox[Picture] = Mailbox("frames", 8, "drop-oldest")
        self.audio: Mailbox[Sound] = Mailbox("audio-out", 1000, "refuse")
        self.video: Mailbox[Still] = Mailbox("video-out", 1000, "refuse")
        self.speaking: list[bool] = []
        self.segments: list[SegmentEvent] = []
        self.pipeline_s = pipeline_s
        self.player = Player(
            timeline=timeline,
            engine_audio=self.engine_audio,
            engine_frames=self.frames,
            outlets=Outlets(self.audio, self.video),
            idle_image=IDLE,
            on_speaking=self.speaking.append,
            on_segment=self.segments.append,
            clock=self.clock,
        )
        self._chunker = Chunker(lead=LEAD)
        self._state = self._chunker.new_state()
        self._epoch = -1
        self._due: list[tuple[float, Picture]] = []
        self._index = -1
        self.player.begin()
        self._pacer = Pacer(self.clock(), 0.02)

    def windows(self) -> list[AudioWindow]:
        """Those to be drawn: of a seamless epoch all but the first."""
        found = []
        while (chunk := self.engine_audio.get()) is not None:
            for window in self._chunker.step(self._state, chunk):
                begins, self._epoch = window.epoch != self._epoch, window.epoch
                if not (begins and window.seamless):
                    found.append(window)
        return found

    def engine(self) -> None:
        """Take sound, hand over the pictures that have been on their way for `pipeline_s`."""
        for window in self.windows():
            image = np.full((4, 4, 3), int(np.abs(window.samples).max() * 200), np.uint8)
            made = Picture(window.pts, window.epoch, image, np.zeros(MOTION_SIZE, np.float32))
            self._due.append((self.clock() + self.pipeline_s, made))
        while self._due and self._due[0][0] <= self.clock():
            self.frames.put(self._due.pop(0)[1])

    def run(self, seconds: float, before: Callable[[float], None] = lambda now_s: None) -> None:
        """Milliseconds pass; ticks are made when due; `before` is the outside world."""
        end_s = self.clock() + seconds
        while self.clock() < end_s - 1e-9:
            self.clock.advance(0.001)
            before(self.clock() - 100.0)
            self.engine()
            pace = self._pacer.next(self._index, self.clock())
            if pace.due_s <= self.clock():
                self.player.tick(pace)
                self._index = pace.index
            self.engine()

    def heard(self) -> dict[int, float]:
        """Peak of each 20 ms by pts."""
        return {item.pts: float(np.abs(item.samples).max()) for item in self.audio.take_all()}

    def seen(self) -> dict[int, U8]:
        return {item.pts: item.image for item in self.video.take_all()}


def mic(rig: Rig, timeline: MicTimeline, loud: Callable[[float], bool]) -> Callable[[float], None]:
    sent = 0

    def step(now_s: float) -> None:
        nonlocal sent
        while (sent + 1) * 0.02 <= now_s + 1e-9:
            level = 0.5 if loud(sent * 0.02) else 0.0
            timeline.push(100.0 + now_s, sent * 960, np.full(320, level, np.float32))
            rig.player.pump()
            sent += 1

    return step


def test_voice_and_picture_come_back_together_after_the_delay() -> None:
    timeline = MicTimeline()
    rig = Rig(timeline)
    rig.run(4.0, mic(rig, timeline, lambda now_s: now_s % 1 < 0.4))
    heard, seen = rig.heard(), rig.seen()
    assert list(heard) == list(range(0, 201 * 320, 320))
    assert np.diff(list(seen)).tolist() == [640] * (len(seen) - 1)
    onset_a = next(pts for pts in heard if pts > RATE and heard[pts] > 0.3)
    onset_v = next(pts for pts, image in seen.items() if pts > RATE and image.max() > 50)
    # The window of a picture reaches 80 ms ahead: it may open the mouth two frames early.
    assert RATE <= onset_a - 2240 <= RATE + 320
    assert -1280 <= onset_v - onset_a <= 640
    stats = rig.player.stats()
    assert stats.delay_ms == 140
    assert stats.late == stats.skipped == stats.dropped == 0
    assert stats.audio_to_frame_p50_ms is not None
    assert 100 <= stats.audio_to_frame_p50_ms <= 160
    assert rig.speaking[:2] == [True, False]


def test_the_portrait_is_there_from_the_first_tick() -> None:
    rig = Rig(MicTimeline())
    rig.run(0.05)
    assert all((image == IDLE).all() for image in rig.seen().values())
    assert rig.player.media_time == round(0.05 * RATE)


def test_a_slow_engine_costs_delay_and_then_nothing() -> None:
    timeline = MicTimeline()
    rig = Rig(timeline, pipeline_s=0.09)
    rig.run(6.0, mic(rig, timeline, lambda now_s: True))
    grown = rig.player.stats()
    rig.run(3.0)
    after = rig.player.stats()
    assert 160 <= grown.delay_ms <= 200
    assert after.delay_ms == grown.delay_ms
    assert after.late == grown.late


def spoken(seconds: float) -> tuple[Rig, PushTimeline]:
    timeline = PushTimeline()
    rig = Rig(timeline)
    rig.run(0.5)
    timeline.start_segment("a")
    timeline.push(np.full(round(seconds * RATE), 0.5, np.float32))
    timeline.end_segment("a")
    return rig, timeline


def test_pushed_speech_is_spoken_and_acknowledged_when_heard() -> None:
    rig, _ = spoken(1.0)
    rig.run(0.06)
    assert rig.segments == []
    rig.run(0.06)
    assert [event.kind for event in rig.segments] == ["started"]
    rig.run(0.94)
    assert len(rig.segments) == 1
    rig.run(0.06)
    assert rig.segments[1] == SegmentEvent("finished", "a", 1.0)
    loud = [pts for pts, level in rig.heard().items() if level > 0.3]
    assert len(loud) == 50


def test_an_interrupt_is_silence_within_one_tick_and_closes_the_mouth() -> None:
    rig, _ = spoken(5.0)
    rig.run(2.0)
    assert rig.seen() and rig.heard()
    at = rig.player.playout.cursor
    rig.player.interrupt()
    rig.run(0.6)
    heard, seen = rig.heard(), rig.seen()
    levels = list(heard.values())
    assert max(levels[1:]) < 0.01  # the first holds the 5 ms fade
    closed = [index for index, image in enumerate(seen.values()) if image.max() == 0]
    assert closed[0] <= 2  # within 120 ms
    assert closed == list(range(closed[0], len(seen)))
    assert rig.segments[-1].interrupted
    assert abs(rig.segments[-1].position_s - 1.92) < 0.04
    assert rig.player.playout.cursor > at
    assert rig.player.stats().delay_ms == 140


def test_what_is_pushed_after_an_interrupt_is_heard() -> None:
    rig, timeline = spoken(5.0)
    rig.run(1.0)
    rig.player.interrupt()
    timeline.start_segment("b")
    timeline.push(np.full(RATE // 2, 0.5, np.float32))
    timeline.end_segment("b")
    rig.heard()
    rig.run(1.0)
    loud = [pts for pts, level in rig.heard().items() if level > 0.3]
    assert len(loud) in (25, 26)
    assert [event.segment for event in rig.segments] == ["a", "a", "b", "b"]


@pytest.mark.parametrize("wait_ms", range(500, 580, 7))
@pytest.mark.parametrize("lead_s", [0.0, 0.08])
def test_speech_after_silence_takes_its_place_and_its_pictures_come_with_it(
    wait_ms: int, lead_s: float
) -> None:
    timeline = PushTimeline(lead_s=lead_s)
    rig = Rig(timeline)
    rig.run(wait_ms / 1000)
    before = rig.player.playout.cursor
    timeline.start_segment("a")
    timeline.push(np.full(RATE, 0.5, np.float32))
    timeline.end_segment("a")
    rig.run(1.6)
    sound = {item.pts - 2240: item.samples for item in rig.audio.take_all()}
    video = [(item.pts - 2240, item.image) for item in rig.video.take_all()]
    assert np.diff(list(sound)).tolist() == [320] * (len(sound) - 1)
    assert np.diff([pts for pts, _ in video]).tolist() == [640] * (len(video) - 1)
    onset = next(pts for pts, samples in sound.items() if samples.any())
    assert 1280 <= onset - before <= 1280 + 640
    assert np.concatenate(list(sound.values())).sum() == RATE / 2
    stats = rig.player.stats()
    # Idle pictures of the epoch before are shown up to the first one that hears it.
    assert rig.player.playout.stats.passed_over == rig.player.playout.stats.late == 0
    assert rig.player.playout.stats.held == 0 and stats.delay_ms == 140
    # A picture hears 80 ms ahead.
    loud = [pts for pts, image in video if image.max() == 100]
    assert loud == list(range(loud[0], onset + RATE - 640, 640))
    # In the window before it there is silence but for its end.
    assert -640 < loud[0] - onset <= 0


class OneAtATime(Rig):
    """Draws one picture after the other, 35 ms each, as the engine does."""

    def engine(self) -> None:
        for window in self.windows():
            image = np.full((4, 4, 3), int(np.abs(window.samples).min() * 200), np.uint8)
            made = Picture(window.pts, window.epoch, image, np.zeros(MOTION_SIZE, np.float32))
            if self._due and self._due[-1][1].epoch < window.epoch:
                # Of those that wait; one being drawn is finished.
                self._due = self._due[:1]
            begin_s = max([self.clock(), *(at for at, _ in self._due[-1:])])
            self._due.append((begin_s + 0.035, made))
        while self._due and self._due[0][0] <= self.clock():
            self.frames.put(self._due.pop(0)[1])


def test_lips_move_within_150_ms_of_the_first_sound_whenever_it_comes() -> None:
    waits_ms = []
    for wait_ms in range(600, 640, 3):
        timeline = PushTimeline(lead_s=SPEECH_LEAD_S)
        rig = OneAtATime(timeline)
        rig.run(wait_ms / 1000)
        rig.video.take_all()
        timeline.start_segment("a")
        timeline.push(np.full(RATE, 0.5, np.float32))
        began_s = rig.clock()
        # The first picture that hears nothing but speech shows open lips (see the motion model).
        while not any(item.image.max() == 100 for item in rig.video.take_all()):
            rig.run(0.001)
        waits_ms.append(round((rig.clock() - began_s) * 1000))
        assert rig.player.stats().delay_ms == 140
    assert max(waits_ms) <= 130, waits_ms
    assert np.median(waits_ms) <= 100, waits_ms


def test_a_stalled_loop_leaves_ticks_out_and_keeps_the_delay() -> None:
    timeline = MicTimeline()
    rig = Rig(timeline)
    world = mic(rig, timeline, lambda now_s: True)
    rig.run(1.0, world)
    before = rig.player.playout.cursor
    rig.clock.advance(0.5)
    rig.heard()
    rig.run(1.0, world)
    pts = list(rig.heard())
    assert rig.player.stats().skipped in (24, 25)
    assert np.diff(pts).max() <= 320 * 26
    assert sum(np.diff(pts) > 320) <= 1
    assert rig.player.playout.cursor - before == round(1.5 * RATE)


def test_the_probe_hears_and_stamps() -> None:
    class Probe:
        heard = drawn_count = 0

        def hear(self, chunk: AudioChunk) -> None:
            self.heard += 1

        def drawn(self, picture: Picture, waited_s: float) -> None:
            assert waited_s >= 0
            self.drawn_count += 1

        def stamp(self, picture: Picture) -> U8:
            return np.full((4, 4, 3), 77, np.uint8)

    rig, probe = Rig(MicTimeline()), Probe()
    rig.player._probe = probe
    rig.run(1.0)
    assert probe.heard >= 45 and probe.drawn_count >= 15
    assert [image for image in rig.seen().values()][-1].max() == 77


def test_without_a_probe_nothing_of_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the probe ran in a session that did not ask for it")

    for name in ("stamp", "row_bits", "checksum"):
        monkeypatch.setattr(probe_module, name, never)
    for name in ("hear", "drawn", "stamp"):
        monkeypatch.setattr(probe_module.Probe, name, never)
    rig = Rig(MicTimeline())
    given: list[U8] = []
    shown = rig.player._image

    def image(picture: Picture | None) -> U8:
        sent = shown(picture)
        if picture is not None:
            # The engine's own array: not even a copy was made.
            assert sent is picture.image
            given.append(sent)
        return sent

    monkeypatch.setattr(rig.player, "_image", image)
    rig.run(1.0)
    assert len(given) >= 15


async def test_the_task_ticks_and_ends() -> None:
    clock = FakeClock()
    enough = asyncio.Event()
    rig = Rig(MicTimeline())

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        if len(rig.audio) >= 10:
            enough.set()
        await asyncio.sleep(0)

    player = Player(
        timeline=MicTimeline(),
        engine_audio=rig.engine_audio,
        engine_frames=rig.frames,
        outlets=Outlets(rig.audio, None),
        idle_image=IDLE,
        clock=clock,
        sleep=sleep,
    )
    assert player.media_time == 0
    player.start()
    await asyncio.wait_for(enough.wait(), 60)
    await player.aclose()
    await player.aclose()
    count = len(rig.audio)
    await asyncio.sleep(0)
    assert len(rig.audio) == count
    assert [item.pts for item in rig.audio.take_all()] == [320 * n for n in range(count)]


async def test_a_fault_is_told_and_stops_it(caplog: pytest.LogCaptureFixture) -> None:
    told: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
    rig = Rig(MicTimeline())
    player = Player(
        timeline=MicTimeline(),
        engine_audio=rig.engine_audio,
        engine_frames=rig.frames,
        outlets=Outlets(Mailbox("full", 1, "refuse"), None),
        idle_image=IDLE,
        on_fault=told.set_result,
    )
    player.start()
    error = await asyncio.wait_for(told, 60)
    assert "full" in str(error)
    assert "player stopped" in caplog.text
    await player.aclose()
