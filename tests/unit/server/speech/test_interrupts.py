"""1,000 interrupts at random on virtual time: nothing of what was interrupted is heard or seen."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from engines.chunker import Chunker
from engines.loop import LEAD
from engines.mailbox import Mailbox
from engines.values import MOTION_SIZE, AudioChunk, Picture
from server.live_voice import LiveVoice
from server.pacing import Pacer
from server.player import Outlets, Player
from server.playout import Sound
from server.push_protocol import event_message
from server.push_timeline import PushTimeline
from server.speech.speaker import Text
from tests.support.fake_clock import FakeClock
from tests.support.tone_voice import ToneVoice, chosen

INTERRUPTS = 1000
RINGING = 0.1
"""Of a level of 0.5: what a filter makes around a step."""
CLOSED_TICKS = 10
"""200 ms."""
STILL = np.zeros((2, 2, 3), np.uint8)


class Call:
    """A session on virtual time; its sound is up, and down after every other interrupt."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.clock = FakeClock(5.0)
        self.timeline = PushTimeline(lead_s=0.08)
        self.voice = LiveVoice(self.timeline, self.stop, chosen(ToneVoice()), self.hear)
        self.audio: Mailbox[Sound] = Mailbox("out", 8, "drop-oldest")
        self.engine_audio: Mailbox[AudioChunk] = Mailbox("audio", 50, "drop-oldest")
        self.frames: Mailbox[Picture] = Mailbox("frames", 8, "drop-oldest")
        self.player = Player(
            timeline=self.timeline,
            engine_audio=self.engine_audio,
            engine_frames=self.frames,
            outlets=Outlets(self.audio, None),
            idle_image=STILL,
            on_segment=lambda event: self.hear(event_message(event)),
            clock=self.clock,
        )
        self.player.begin()
        self.pacer = Pacer(self.clock(), 0.02)
        self.chunker = Chunker(lead=LEAD)
        self.chunks = self.chunker.new_state()
        self.index = self.drawn = -1
        self.interrupts = 0
        self.epoch = 0
        """That the last interrupt began."""
        self.seamless = 0
        """Epochs that took the place of silence."""
        self.since = 100
        """Ticks since the last interrupt."""
        self.told: list[Mapping[str, object]] = []
        self.made = 0

    def hear(self, message: Mapping[str, object]) -> None:
        self.voice.hear(message)
        self.told.append(message)

    def stop(self) -> None:
        before = self.timeline.epoch
        self.player.interrupt()
        self.interrupts += 1
        self.seamless += before - self.epoch
        self.epoch = self.timeline.epoch
        assert self.epoch == before + 1
        self.since = 0

    def say(self) -> None:
        """A text or sound, at random."""
        self.made += 1
        name, down = f"n{self.made}", bool(self.interrupts % 2)
        if self.chance.random() < 0.6:
            words = " ".join("ab" for _ in range(self.chance.randint(1, 6)))
            text = f'{words}. [nods] More <mark name="m"/>of it.'
            self.voice.speak(
                Text(text, name, "down" if down else "up", words=self.chance.random() < 0.3)
            )
            return
        level = -16_384 if down else 16_384
        sound = np.full(self.chance.randint(1, 16_000), level, "<i2").tobytes()
        self.voice.start(24_000, name)
        self.voice.feed(sound)
        self.voice.mark("m", None)
        self.voice.end(name)

    async def tick(self) -> None:
        """20 ms."""
        for _ in range(4):
            await asyncio.sleep(0)
        self.clock.advance(0.02)
        while (chunk := self.engine_audio.get()) is not None:
            for window in self.chunker.step(self.chunks, chunk):
                begins, self.drawn = window.epoch != self.drawn, window.epoch
                if begins and window.seamless:
                    continue
                motion = np.zeros(MOTION_SIZE, np.float32)
                self.frames.put(Picture(window.pts, window.epoch, STILL, motion))
        pace = self.pacer.next(self.index, self.clock())
        decision = self.player.tick(pace)
        self.index = pace.index
        self.since += 1
        self.check(decision)

    def check(self, decision: Any) -> None:
        if decision.video == "show":
            assert decision.picture.epoch >= self.epoch
        if self.since >= CLOSED_TICKS and decision.picture is not None:
            assert decision.picture.epoch >= self.epoch
        # The first 5 ms are the fade that keeps it from clicking.
        sound = decision.audio[80:] if self.since == 1 else decision.audio
        old = sound if self.interrupts % 2 else -sound
        assert old.max() < RINGING, (self.timeline.epoch, self.since)


async def test_nothing_of_an_interrupted_segment_comes_after_the_interrupt() -> None:
    call = Call(seed=7)
    interrupted = 0
    for _ in range(INTERRUPTS):
        for _ in range(call.chance.randint(1, 3)):
            call.say()
        for _ in range(call.chance.randint(0, 16)):
            await call.tick()
            if call.chance.random() < 0.05:
                call.voice.clear()
        call.voice.interrupt()
        interrupted += 1
        for _ in range(call.chance.choice((0, 0, 1, 12, 29))):
            await call.tick()
    for _ in range(20):
        await call.tick()
    await call.voice.aclose()
    assert interrupted == call.interrupts == INTERRUPTS
    assert call.timeline.epoch >= INTERRUPTS + 100 and call.seamless >= 100
    finished = Counter(each["segment"] for each in call.told if each["type"] == "finished")
    assert len(finished) == call.made and set(finished.values()) == {1}
    assert call.timeline.waiting_s == 0 and call.voice.buffered_s == 0
    # The other messages lie between the first and the last of their segment.
    over: set[object] = set()
    for message in call.told:
        assert message["segment"] not in over
        if message["type"] == "finished":
            over.add(message["segment"])
    kinds = Counter((each["type"], each.get("reason")) for each in call.told)
    assert kinds["started", None] > 200 and kinds["mark", None] > 20
    assert kinds["finished", "interrupted"] > 500 and kinds["finished", "cleared"] > 20
    assert kinds["finished", "spoken"] > 20
