"""What is made of a conversation's events; the whole of it is run by the integration test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from server.bench.analyse import Recording, Report, Shown
from server.bench.dialogue import VisitorClient, _talk, acknowledged, dialogue, offsets
from server.bench.latency import Plan
from server.bench.needs import BenchError
from server.bench.scripted import WORD_S


def told(*events: dict[str, Any]) -> list[tuple[float, dict[str, Any]]]:
    return [(float(index), event) for index, event in enumerate(events)]


def segment(name: str, text: str, position_s: float, cut: bool = False) -> list[dict[str, Any]]:
    return [
        {"type": "started", "segment": name},
        {"type": "transcript", "by": "assistant", "segment": name, "text": text},
        {"type": "finished", "segment": name, "position_s": position_s, "interrupted": cut},
    ]


def test_exact_acknowledgements_are_counted() -> None:
    good = segment("a", "one two", 2 * WORD_S) + segment("b", "one two three", 0.3, cut=True)
    acks = acknowledged(told(*good))
    assert (acks.segments, acks.missing, acks.wrong, acks.interrupted) == (2, 0, 0, 1)


@pytest.mark.parametrize("fault", ["missing", "twice", "short"])
def test_each_fault_is_seen(fault: str) -> None:
    events = segment("a", "one two", 2 * WORD_S)
    if fault == "missing":
        events = events[:2]
    elif fault == "twice":
        events.append(events[-1])
    else:
        events[-1]["position_s"] = WORD_S
    acks = acknowledged(told(*events))
    assert (acks.missing, acks.wrong) == ((0, 1) if fault == "short" else (1, 0))


def test_what_waited_and_was_never_begun_is_no_interrupted_answer() -> None:
    waited = {"type": "finished", "segment": "c", "position_s": 0.0, "interrupted": True}
    acks = acknowledged(told(*segment("b", "one", 0.1, cut=True), waited))
    assert (acks.interrupted, acks.missing) == (1, 0)


def test_offsets_are_of_equal_media_time() -> None:
    shown = [Shown(1000.0 + 40 * index, 25 + index, None, index) for index in range(100)]
    # The sound of media time 1.0 s is heard 10 ms after the picture of that time is shown.
    recording = Recording([], [1010.0], [Report(900.0, 16_000, 860.0)], shown)
    (sound,) = offsets(recording)
    assert sound.av == pytest.approx(10.0)


async def test_more_barge_ins_than_turns_are_refused() -> None:
    plan = Plan(seconds=60, command="bench dialogue")
    with pytest.raises(BenchError, match="half of them"):
        await dialogue(plan, 4, 3, lambda line: None)


async def test_a_connection_that_is_lost_ends_it_with_its_cause() -> None:
    class Gone:
        doing = "listening"

        async def until(self, wanted: Callable[[], bool]) -> bool:
            return wanted()

        async def state(self) -> str:
            return "closed"

    with pytest.raises(BenchError, match="lost after 0 turns"):
        await _talk(cast(VisitorClient, Gone()), 1.0, 2, 0, lambda line: None)
