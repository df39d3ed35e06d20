"""Markers are done when their words are spoken, by a clock that only moves when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Act, Feel, Manner, Say, Wish
from engines.scene.cues import Cue
from engines.scene.markers import Felt
from server.prompter import LETTERS_PER_S, LINGER_S, MAX_WAITING, Prompter, usual_feeling

SAD = EmotionOverride("sadness", intensity=0.8)
JOY = EmotionOverride("joy", intensity=0.5)


class Clock:
    """An event loop's timers, moved by hand; the handles are a real loop's."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self._loop = asyncio.new_event_loop()
        self._due: list[tuple[float, Callable[[], None], asyncio.TimerHandle]] = []

    def time(self) -> float:
        return self.now_s

    def call_at(self, when: float, callback: Callable[[], None], /) -> asyncio.TimerHandle:
        handle = self._loop.call_later(1e6, callback)
        self._due.append((when, callback, handle))
        return handle

    def advance(self, seconds: float) -> None:
        until = self.now_s + seconds
        while due := sorted((d for d in self._due if d[0] <= until), key=lambda d: d[0]):
            self._due.remove(due[0])
            self.now_s, callback, handle = due[0]
            if not handle.cancelled():
                callback()
        self.now_s = until

    def close(self) -> None:
        self._loop.close()


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock()
    yield made
    made.close()


def prompter(clock: Clock, usual: EmotionOverride | None = None) -> tuple[Prompter, list[Any]]:
    told: list[Wish] = []
    return Prompter(told.append, usual, lambda: clock), told


def test_words_without_markers_pass_as_they_are(clock: Clock) -> None:
    made, told = prompter(clock)
    made.say("I am so happy [1].")
    clock.advance(60)
    assert told == [Say("I am so happy [1].")]


def test_each_is_done_when_its_words_are_spoken(clock: Clock) -> None:
    made, told = prompter(clock)
    made.say("[nods] " + "a" * 30 + ". [sadly] No, no. " + "Then" + " [laughs] so.")
    assert told == [Say("a" * 30 + ". No, no. Then so."), Act("nod")]
    clock.advance(30 / LETTERS_PER_S)
    assert told[2:] == []
    clock.advance(2 / LETTERS_PER_S)
    assert told[2:] == [Feel(SAD)]
    clock.advance(60)
    assert told[3:] == [Feel(None), Act("laugh")]


def test_the_next_piece_is_spoken_after_this_one(clock: Clock) -> None:
    made, told = prompter(clock)
    made.say("a" * 45)
    made.say(" [nods] b")
    assert Act("nod") not in told
    clock.advance(45 / LETTERS_PER_S + 0.01)
    assert told[-1] == Act("nod")
    # After a pause it is spoken now.
    clock.advance(60)
    made.say("[wink] c")
    assert told[-1] == Act("wink")


def test_a_feeling_that_nothing_follows_ends_by_itself(clock: Clock) -> None:
    made, told = prompter(clock, JOY)
    for piece in ("[sa", "dly] No", ", no", "."):
        made.say(piece)
    assert [each for each in told if isinstance(each, Feel)] == [Feel(SAD)]
    clock.advance(7 / LETTERS_PER_S + LINGER_S + 0.01)
    assert told[-1] == Feel(JOY)
    clock.advance(60)
    assert told[-1] == Feel(JOY) and told.count(Feel(JOY)) == 1


def test_the_usual_feeling_is_the_one_chosen_last(clock: Clock) -> None:
    made, told = prompter(clock)
    made.say("[sadly] No. Yes.")
    made.usual = JOY
    clock.advance(60)
    assert told[-1] == Feel(JOY)


def test_an_interrupt_drops_what_is_to_come(clock: Clock) -> None:
    made, told = prompter(clock, JOY)
    made.say("[sadly] No, no. " + "a" * 60 + " [nods] b")
    made.cut()
    assert told[-1] == Feel(JOY)
    before = len(told)
    clock.advance(60)
    assert len(told) == before
    made.cut()
    assert len(told) == before, "nothing was marked any more"
    made.say("[laughs] c")
    assert told[-1] == Act("laugh")


def test_a_closed_one_does_nothing(clock: Clock) -> None:
    made, told = prompter(clock)
    made.say("a [sadly] b. c")
    before = len(told)
    made.close()
    made.close()
    clock.advance(60)
    assert len(told) == before


def test_a_text_of_markers_is_bounded_and_leaves_no_feeling(clock: Clock) -> None:
    made, told = prompter(clock)
    made.say("[sadly] No. Yes. " * 1000)
    assert len(made._waiting) == MAX_WAITING
    clock.advance(3600)
    assert told[-1] == Feel(None)
    assert len(told) < 2 * MAX_WAITING


def test_the_usual_feeling_of_a_beginning() -> None:
    assert usual_feeling(()) is None
    assert usual_feeling((Feel(SAD), Manner(), Feel(JOY))) == JOY


def test_what_a_timed_voice_comes_to_is_done_now_and_ends_with_an_interrupt() -> None:
    obeyed: list[Wish] = []
    prompter = Prompter(obeyed.append)
    sad = EmotionOverride("sadness")
    prompter.perform(Say("so sad"))
    prompter.perform(Felt(sad, 0))
    prompter.perform(Cue("nod", 0))
    assert obeyed == [Say("so sad"), Feel(sad), Act("nod")]
    prompter.cut()
    assert obeyed[-1] == Feel(None)
    prompter.perform(Felt(None, 0))
    obeyed.clear()
    prompter.cut()
    assert obeyed == []
