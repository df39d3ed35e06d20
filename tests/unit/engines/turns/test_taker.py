"""Turns on virtual time: begin, pause, end, barge-in, and the face's own echo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.turns.pauses import LEAST_S, USUAL_S
from engines.turns.taker import (
    HOP_S,
    MAX_S,
    Began,
    Dropped,
    Ended,
    Paused,
    Resumed,
    TurnEvent,
    TurnTaker,
)
from engines.values import F32, SAMPLE_RATE_HZ
from server.bench.echo import HOP, Room, began, converse
from tests.support import voices
from tests.support.echo_room import face_voice

QUIET = np.zeros(HOP, np.float32)
LOUD = np.full(HOP, 0.1, np.float32)


@dataclass
class ByLevel:
    """A detector without memory: loud is speech."""

    release_hops: int = 0

    def new_state(self) -> object:
        return self

    def step(self, state: object, samples: F32) -> bool:
        return bool(np.abs(samples).max() > 0.05)


def play(taker: TurnTaker, script: str) -> list[tuple[int, TurnEvent]]:
    """'x' is a hop of speech, '.' one of silence, nothing played; events with their hop."""
    found = []
    for index, sign in enumerate(script):
        taker.played(QUIET)
        found += [(index, event) for event in taker.hear(LOUD if sign == "x" else QUIET)]
    return found


def kinds(events: list[tuple[int, TurnEvent]]) -> list[str]:
    return [type(event).__name__ for _, event in events]


def test_a_turn_begins_pauses_and_ends() -> None:
    events = play(TurnTaker(ByLevel()), "." * 20 + "x" * 50 + "." * 60)
    assert kinds(events) == ["Began", "Paused", "Ended"]
    (first, began_), (paused_at, paused), (ended_at, ended) = events
    assert began_ == Began(barged=False)
    assert first == 23
    assert isinstance(paused, Paused) and isinstance(ended, Ended)
    assert paused.number == ended.number
    assert (ended_at - 69) * HOP_S == pytest.approx(USUAL_S, abs=HOP_S)
    # The beginning that came before it was noticed is there: 50 hops of speech, 300 ms before.
    assert len(ended.sound) // HOP == 15 + 50 + (ended_at - 69)
    assert np.array_equal(paused.sound, ended.sound[: len(paused.sound)])
    assert paused_at < ended_at


def test_going_on_voids_the_pause_and_teaches_it() -> None:
    taker = TurnTaker(ByLevel())
    events = play(taker, "x" * 30 + "." * 25 + "x" * 30 + "." * 80)
    assert kinds(events) == ["Began", "Paused", "Resumed", "Paused", "Ended"]
    assert [e.number for _, e in events if isinstance(e, Paused)] == [1, 2]
    assert taker.pauses.learned_s != USUAL_S
    assert kinds(events).count("Ended") == 1


def test_words_that_sound_finished_end_it_sooner_and_open_ones_later() -> None:
    def ended_after(how: str) -> int:
        taker = TurnTaker(ByLevel())
        play(taker, "x" * 30 + "." * 13)
        taker.words(1, how)  # type: ignore[arg-type]
        return play(taker, "." * 200)[0][0]

    waits = [ended_after(how) for how in ("finished", "unknown", "open")]
    assert waits[0] < waits[1] < waits[2]
    assert (waits[0] + 13) * HOP_S >= LEAST_S


def test_words_of_an_older_pause_are_ignored() -> None:
    taker = TurnTaker(ByLevel())
    play(taker, "x" * 30 + "." * 20 + "x" * 30 + "." * 13)
    taker.words(1, "open")
    late = play(taker, "." * 200)
    assert kinds(late) == ["Ended"]
    assert late[0][0] * HOP_S < 0.7


def test_a_cough_is_no_turn_and_a_click_is_nothing() -> None:
    assert kinds(play(TurnTaker(ByLevel()), "x" * 5 + "." * 50)) == ["Began", "Dropped"]
    assert play(TurnTaker(ByLevel()), ("xx" + "." * 20) * 5) == []


def test_whoever_reads_aloud_is_cut() -> None:
    events = play(TurnTaker(ByLevel()), "x" * round(MAX_S / HOP_S * 2.5))
    ends = [event for _, event in events if isinstance(event, Ended)]
    assert len(ends) == 2
    assert all(len(each.sound) <= MAX_S * SAMPLE_RATE_HZ for each in ends)


def test_a_turn_taken_for_over_too_soon_teaches_a_longer_wait() -> None:
    taker = TurnTaker(ByLevel())
    play(taker, ("x" * 30 + "." * 50) * 8)
    assert taker.pauses.learned_s > USUAL_S


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 70)), max_size=25), st.integers(1, 2000))
def test_events_keep_their_order_whatever_is_heard(
    runs: list[tuple[bool, int]], split: int
) -> None:
    script = "".join(("x" if loud else ".") * count for loud, count in runs)
    events = kinds(play(TurnTaker(ByLevel()), script))
    state = "quiet"
    after = {"Began": "talking", "Paused": "paused", "Resumed": "talking"}
    allowed = {
        "quiet": {"Began"},
        "talking": {"Paused", "Dropped", "Ended"},
        "paused": {"Resumed", "Ended"},
    }
    for kind in events:
        assert kind in allowed[state]
        state = after.get(kind, "quiet")
    # Any split of the sound gives the same.
    taker = TurnTaker(ByLevel())
    sound = np.concatenate([LOUD if sign == "x" else QUIET for sign in script] or [QUIET[:0]])
    found = []
    for at in range(0, len(sound), split):
        found += taker.hear(sound[at : at + split])
    assert [type(event).__name__ for event in found] == events


@pytest.mark.parametrize(
    ("coupling_db", "delay_ms"), [(-40, 150), (-25, 300), (-12, 100), (-6, 250), (0, 180), (4, 900)]
)
def test_the_face_never_interrupts_itself(coupling_db: float, delay_ms: float) -> None:
    out = face_voice(30, seed=int(delay_ms))
    heard = Room(coupling_db, delay_ms, seed=7).microphone(out)
    assert began(converse(TurnTaker(), out, heard)) == []


def test_a_loudspeaker_that_is_turned_up_is_still_no_visitor() -> None:
    out = face_voice(40, seed=5)
    heard = Room(-30, 200).microphone(out)
    louder = Room(-12, 200).microphone(out)
    half = len(out) // 2 // HOP * HOP
    heard[half:] = louder[half:]
    assert began(converse(TurnTaker(), out, heard)) == []


@pytest.mark.parametrize(("seed", "later_ms"), [(1, 400), (4, 900), (7, 600)])
def test_a_visitor_does_not_move_the_delay_of_the_echo(seed: int, later_ms: int) -> None:
    out = face_voice(16, seed=seed)
    begin, count, later = 10 * SAMPLE_RATE_HZ, 1400 * 16, later_ms * 16
    visitor = np.zeros_like(out)
    # The worst there is: the face's own words, over it. Then both are still.
    visitor[begin + later : begin + later + count] = 0.9 * out[begin : begin + count]
    out[begin + count : begin + count + 2 * SAMPLE_RATE_HZ] = 0.0
    taker = TurnTaker()
    converse(taker, out, Room(-30, 120).microphone(out, visitor))
    assert taker.echo.lag is not None and abs(taker.echo.lag - 6) <= 3


@pytest.mark.parametrize("coupling_db", [-100, -40, -25])
def test_a_visitor_gets_through(coupling_db: float) -> None:
    out = face_voice(24, seed=11)
    visitor = np.zeros_like(out)
    spoken = voices.voice(1.2, level=0.35, f0_hz=110, seed=3)
    # In the middle of the longest stretch of the face's speech after 10 s.
    at = 12 * SAMPLE_RATE_HZ
    visitor[at : at + len(spoken)] = spoken
    taker = TurnTaker()
    events = converse(taker, out, Room(coupling_db, 150).microphone(out, visitor))
    times = [at_s for at_s in began(events) if 12 <= at_s]
    assert times and times[0] < 12.6
    assert not [at_s for at_s in began(events) if at_s < 12]


@pytest.mark.parametrize(("hops", "wanted"), [(5, False), (14, True)])
def test_a_barge_in_needs_sustained_speech(hops: int, wanted: bool) -> None:
    taker = TurnTaker(ByLevel())
    murmur = np.full(HOP, 0.02, np.float32)
    for _ in range(200):
        taker.played(murmur)
        assert taker.hear(QUIET) == []
    found = []
    for index in range(60):
        taker.played(murmur)
        found += taker.hear(LOUD if index < hops else QUIET)
    assert (Began(barged=True) in found) is wanted
    if wanted:
        assert 0.12 <= taker.confirmed_hops * HOP_S <= 0.25


def test_forgetting_ends_a_turn_without_a_word() -> None:
    taker = TurnTaker(ByLevel())
    play(taker, "x" * 30)
    was = taker.talking
    taker.forget()
    assert (was, taker.talking) == (True, False)
    assert play(taker, "." * 100) == []


def test_what_is_no_number_is_silence() -> None:
    taker = TurnTaker()
    bad = np.full(16_000, np.nan, np.float32)
    bad[::3] = np.inf
    assert not [e for e in taker.hear(bad) if isinstance(e, Ended | Resumed | Dropped)]
