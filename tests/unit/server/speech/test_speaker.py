"""Texts become segments in order; every one finishes, whatever the voice does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Say
from engines.scene.markers import Felt
from server.live_voice import LiveVoice
from server.push_protocol import event_message
from server.push_segment import Cue
from server.push_timeline import PushRefused, PushTimeline
from server.speech.speaker import MAX_WAITING, Text
from server.voices.choice import NO_VOICE
from server.voices.faults import TextTooLong, UnknownVoice, VoiceUnavailable
from server.voices.values import MAX_TEXT
from tests.support.tone_voice import ToneVoice, chosen


class Room:
    """A voice, its timeline, and all that is told."""

    def __init__(self, tone: ToneVoice | None = None) -> None:
        self.tone = tone or ToneVoice()
        self.cues: list[Cue] = []
        self.timeline = PushTimeline(on_cue=self.cues.append)
        self.timeline.begin(0.0)
        self.voice = LiveVoice(self.timeline, self.stop, chosen(self.tone), self.hear)
        self.told: list[Mapping[str, object]] = []
        self.now_s = 0.0

    def hear(self, message: Mapping[str, object]) -> None:
        self.voice.hear(message)
        self.told.append(message)

    def stop(self) -> None:
        cursor = int(self.now_s * 16_000)
        for event in self.timeline.interrupt(cursor, cursor):
            self.hear(event_message(event))

    async def run(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            for _ in range(4):
                await asyncio.sleep(0)
            self.now_s += 0.02
            self.timeline.poll(self.now_s)
            for event in self.timeline.passed(int(self.now_s * 16_000)):
                self.hear(event_message(event))

    def finished(self) -> list[tuple[object, object, object]]:
        return [
            (each["segment"], each["position_s"], each["reason"])
            for each in self.told
            if each["type"] == "finished"
        ]


async def test_texts_and_sound_are_spoken_in_the_order_they_came() -> None:
    room = Room()
    assert room.voice.speak(Text("one two")) == "s1"
    room.voice.start(16_000, "sound")
    room.voice.feed(bytes(3200))
    room.voice.end("sound")
    room.voice.speak(Text("three", "b", voice="down"))
    await room.run(1.2)
    assert room.finished() == [
        ("s1", 0.35, "spoken"),
        ("sound", 0.1, "spoken"),
        ("b", 0.25, "spoken"),
    ]
    assert room.tone.asked == [("one two", "up", None), ("three", "down", None)]


async def test_text_that_comes_in_parts_is_one_segment() -> None:
    room = Room()
    room.voice.speak(Text("One. T", "a", more=True))
    await room.run(0.5)
    room.voice.speak(Text("wo.", "a", more=True))
    await room.run(0.5)
    assert room.finished() == []
    room.voice.speak(Text("", "a"))
    await room.run(0.6)
    assert room.finished() == [("a", 0.45, "spoken")]
    assert [text for text, _, _ in room.tone.asked] == ["One.", " Two."]


async def test_words_marks_and_feelings_come_with_the_sound() -> None:
    room = Room()
    sad = EmotionOverride("sadness")
    room.voice.speak(Text('One <mark name="m"/>two.', "a", feeling=sad, words=True))
    await room.run(0.6)
    told = [(each["type"], each.get("text", each.get("name"))) for each in room.told]
    assert told == [("started", None), ("word", "One"), ("mark", "m"), ("word", "two."),
                    ("finished", None)]  # fmt: skip
    assert [each["position_s"] for each in room.told[1:]] == [0.0, 0.2, 0.2, 0.4]
    assert room.cues == [Felt(sad, 0), Say("One two."), Felt(None, 8)] or room.cues == [
        Say("One two."), Felt(sad, 0), Felt(None, 8)
    ]  # fmt: skip


async def test_an_interrupt_ends_all_and_stops_the_voice() -> None:
    room = Room()
    for name in ("a", "b"):
        room.voice.speak(Text("a very long text " * 20, name))
    await room.run(0.4)
    room.voice.interrupt()
    closed = room.tone.closed
    await room.run(0.4)
    assert [(name, reason) for name, _, reason in room.finished()] == [
        ("a", "interrupted"), ("b", "interrupted"),
    ]  # fmt: skip
    assert len(room.tone.asked) == room.tone.closed >= closed
    room.voice.speak(Text("new", "a"))
    await room.run(0.4)
    assert room.finished()[-1] == ("a", 0.15, "spoken")


async def test_a_voice_that_breaks_off_is_told_and_what_there_is_spoken() -> None:
    room = Room(ToneVoice(fails_after=2))
    room.voice.speak(Text("one two three", "a"))
    await room.run(0.6)
    error = next(each for each in room.told if each["type"] == "error")
    assert (error["code"], error["segment"]) == ("voice_cut", "a")
    assert room.finished() == [("a", 0.2, "failed")]
    room.tone.fails_after = -1
    room.voice.speak(Text("on", "b"))
    await room.run(0.4)
    assert room.finished()[-1] == ("b", 0.1, "spoken")


async def test_a_voice_that_hangs_is_stopped_by_an_interrupt() -> None:
    room = Room()
    room.tone.go.clear()
    room.voice.speak(Text("one", "a"))
    await room.run(0.2)
    room.voice.interrupt()
    await room.run(0.1)
    assert room.finished() == [("a", 0.0, "interrupted")] and room.tone.closed == 1


async def test_speech_is_not_made_far_ahead() -> None:
    room = Room()
    room.voice.speak(Text("long words of it " * 40, "a"))
    await room.run(1.0)
    assert 8 < room.voice.buffered_s < 12
    await room.voice.aclose()
    await room.voice.aclose()


async def test_what_cannot_be_spoken_is_refused_and_nothing_taken() -> None:
    room = Room()
    for text, fault in (
        (Text("x" * (MAX_TEXT + 1)), TextTooLong),
        (Text("hi", voice="bass"), UnknownVoice),
        (Text("hi", language="tlh"), UnknownVoice),
    ):
        with pytest.raises(fault):
            room.voice.speak(text)
    room.voice.speak(Text("one", "a"))
    with pytest.raises(PushRefused, match="still being spoken"):
        room.voice.speak(Text("two", "a"))
    with pytest.raises(PushRefused, match="characters wait"):
        for _ in range(MAX_WAITING // MAX_TEXT + 1):
            room.voice.speak(Text("x y " * (MAX_TEXT // 4)))
    room.voice.interrupt()
    await room.voice.aclose()
    silent = LiveVoice(PushTimeline(), lambda: None, NO_VOICE)
    with pytest.raises(VoiceUnavailable, match="no voice"):
        silent.speak(Text("hi"))
