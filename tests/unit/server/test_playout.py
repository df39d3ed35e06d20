"""Sound is master, its picture goes with it, time never runs back, an interrupt is silence."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.values import FRAME_SAMPLES, MOTION_SIZE, AudioChunk, Picture
from server.delay import DelayController, DelayLimits
from server.playout import SEAM, TICK, Decision, Playout

MOTION = np.zeros(MOTION_SIZE, np.float32)
IMAGE = np.zeros((8, 8, 3), np.uint8)
DELAY = 7
"""Ticks: 140 ms."""


def playout(low: int = 140, high: int = 140) -> Playout:
    return Playout(DelayController(DelayLimits(140, low, high)))


def chunk(pts: int, count: int = TICK, epoch: int = 0) -> AudioChunk:
    return AudioChunk(pts, epoch, np.full(count, 0.5, np.float32))


def picture(pts: int, epoch: int = 0) -> Picture:
    return Picture(pts, epoch, IMAGE, MOTION)


def run(player: Playout, ticks: range, needed: int = 4) -> list[Decision]:
    """Sound comes as it is made; its picture `needed` ticks after its own time."""
    out = []
    for tick in ticks:
        player.add_audio(chunk((tick - 1) * TICK))
        pts = (tick - needed) * TICK
        if pts >= 0 and pts % FRAME_SAMPLES == 0:
            player.add_picture(tick, picture(pts))
        out.append(player.tick(tick))
    return out


def test_sound_comes_after_the_delay_with_the_picture_of_its_instant() -> None:
    decisions = run(playout(), range(1, 60))
    for tick, decision in enumerate(decisions, 1):
        assert decision.pts == tick * TICK
        assert decision.cursor == (tick - DELAY) * TICK
        if tick >= DELAY:
            assert (decision.audio == 0.5).all()
        if decision.video == "show":
            assert decision.picture is not None
            assert decision.picture.pts == decision.cursor
            assert not decision.late
    shown = [decision for decision in decisions if decision.video == "show"]
    assert len(shown) == 27
    assert [d.video for d in decisions[:7]].count("idle") == 3


def test_a_picture_that_is_missing_is_held_over_and_costs_nothing_later() -> None:
    player = playout()
    run(player, range(1, 21), needed=DELAY)
    for tick in range(21, 25):
        player.add_audio(chunk((tick - 1) * TICK))
        decision = player.tick(tick)
        if decision.video is not None:
            assert decision.video == "hold"
            assert decision.picture is not None
    after = run(player, range(25, 40), needed=DELAY)
    assert all(d.picture.pts == d.cursor for d in after if d.picture is not None)
    assert player.stats.held == 2


def test_late_pictures_are_passed_over_but_for_the_newest() -> None:
    player = playout()
    run(player, range(1, 21), needed=DELAY)
    for pts in (16 * TICK, 18 * TICK):
        player.add_picture(29, picture(pts))
    decision = player.tick(29)
    assert decision.video == "show"
    assert decision.picture is not None
    assert decision.picture.pts == 18 * TICK
    assert decision.late
    assert player.stats.passed_over == 1
    assert player.stats.late == 1


def test_missing_sound_is_silence_and_time_goes_on() -> None:
    player = playout()
    run(player, range(1, 21))
    later = [player.tick(tick) for tick in range(21, 40)]
    assert (later[0].audio == 0.5).all()
    assert not later[-1].audio.any()
    assert later[-1].cursor == (39 - DELAY) * TICK
    assert player.stats.underflow > 0


def test_ticks_left_out_are_left_out_of_the_sound_too() -> None:
    player = playout()
    run(player, range(1, 30))
    player.add_audio(chunk(29 * TICK, 30 * TICK))
    decision = player.tick(45)
    assert decision.pts == 45 * TICK
    assert decision.cursor == (45 - DELAY) * TICK


def test_an_interrupt_is_silent_with_the_next_tick() -> None:
    player = playout()
    run(player, range(1, 30))
    assert player.cursor == 23 * TICK
    player.add_audio(AudioChunk(26 * TICK, 1, np.zeros(TICK, np.float32)))
    player.add_picture(30, picture(24 * TICK, epoch=0))
    player.add_picture(30, picture(22 * TICK, epoch=1))
    decision = player.tick(30)
    assert not decision.audio[SEAM:].any()
    assert 0 < np.abs(np.diff(decision.audio)).max() < 0.02  # faded, not cut
    shown = decision if decision.video else player.tick(31)
    assert shown.picture is not None
    assert shown.picture.epoch == 1
    assert player.stats.stale >= 1
    player.add_audio(chunk(31 * TICK, epoch=0))
    assert not player.tick(32).audio.any()


def test_growing_the_delay_blends_instead_of_cutting() -> None:
    player = playout(140, 300)
    levels = np.sin(np.arange(400 * TICK) * (2 * np.pi * 200 / 16000)).astype(np.float32)
    parts, cursors = [], []
    for tick in range(1, 200):
        player.add_audio(AudioChunk((tick - 1) * TICK, 0, levels[(tick - 1) * TICK : tick * TICK]))
        pts = (tick - 9) * TICK
        if pts >= 0 and pts % FRAME_SAMPLES == 0:
            player.add_picture(tick, picture(pts))
        decision = player.tick(tick)
        parts.append(decision.audio)
        cursors.append(decision.cursor)
    assert player.delay.delay_ms == 180
    assert player.stats.seams == 2
    steps = np.diff(cursors)
    assert set(steps.tolist()) == {0, TICK}
    assert np.abs(np.diff(np.concatenate(parts)[8 * TICK :])).max() < 0.12


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_time_never_runs_back_whatever_comes(data: st.DataObject) -> None:
    player = playout(100, 400)
    tick, epoch, last_pts = 0, 0, -1
    shown: tuple[int, int] = (0, -100_000)
    for _ in range(data.draw(st.integers(1, 60))):
        tick += data.draw(st.integers(1, 4))
        for _ in range(data.draw(st.integers(0, 3))):
            epoch += data.draw(st.booleans()) and data.draw(st.booleans())
            pts = max(0, tick * TICK + data.draw(st.integers(-6000, 0)))
            player.add_audio(chunk(pts, data.draw(st.integers(1, 900)), epoch))
        for _ in range(data.draw(st.integers(0, 3))):
            pts = tick * TICK // FRAME_SAMPLES * FRAME_SAMPLES - FRAME_SAMPLES * data.draw(
                st.integers(0, 12)
            )
            player.add_picture(tick, picture(pts, data.draw(st.integers(0, epoch))))
        decision = player.tick(tick)
        assert decision.pts == tick * TICK > last_pts
        last_pts = decision.pts
        assert decision.audio.shape == (TICK,)
        assert decision.audio.dtype == np.float32
        assert np.abs(decision.audio).max() <= 0.5
        if decision.video == "show":
            assert decision.picture is not None
            assert decision.picture.pts <= decision.cursor
            shown_now = (decision.picture.epoch, decision.picture.pts)
            assert shown_now[0] >= shown[0]
            shown = shown_now


def seamless(pts: int, epoch: int = 1) -> AudioChunk:
    return AudioChunk(pts, epoch, np.full(TICK, 0.5, np.float32), seamless=True)


def silent(player: Playout, ticks: range) -> list[Decision]:
    out = []
    for tick in ticks:
        player.add_audio(AudioChunk((tick - 1) * TICK, 0, np.zeros(TICK, np.float32)))
        pts = (tick - 4) * TICK
        if pts >= 0 and pts % FRAME_SAMPLES == 0:
            player.add_picture(tick, picture(pts))
        out.append(player.tick(tick))
    return out


def test_a_seamless_epoch_leaves_what_lies_before_it() -> None:
    player = playout()
    silent(player, range(1, 41))
    cursor = player.cursor
    begin = cursor + 4 * TICK
    first = begin - begin % FRAME_SAMPLES
    # Still being drawn when the epoch begins: the one stands, the other is of sound taken back.
    stale = player.stats.stale
    for at in range(7):
        player.add_audio(seamless(begin + at * TICK))
    player.add_picture(41, picture(first - FRAME_SAMPLES))
    player.add_picture(41, picture(first))
    assert player.stats.stale > stale
    for pts in range(first, first + 8 * TICK, FRAME_SAMPLES):
        player.add_picture(41, picture(pts, 1))
    heard, shown = [], []
    for tick in range(41, 50):
        decision = player.tick(tick)
        heard.append((decision.cursor, bool((decision.audio == 0.5).all())))
        if decision.video == "show" and decision.picture is not None:
            assert not decision.late
            shown.append((decision.picture.epoch, decision.picture.pts))
    assert [loud for _, loud in heard] == [at >= begin for at, _ in heard]
    assert not player.stats.seams
    assert [pts for _, pts in shown] == list(range(shown[0][1], shown[-1][1] + 1, FRAME_SAMPLES))
    assert [epoch for epoch, _ in shown] == [int(pts >= first) for _, pts in shown]
    # After the first of the new epoch none of the older one is taken.
    gone = player.stats.stale
    player.add_picture(50, picture(first - FRAME_SAMPLES))
    assert player.stats.stale == gone + 1


def test_what_a_seamless_epoch_catches_up_with_is_not_called_late() -> None:
    player = playout(100, 400)
    silent(player, range(1, 41))
    player.add_audio(seamless(player.cursor + 4 * TICK))
    for tick in range(41, 60):
        pts = (tick - 12) * TICK
        player.add_audio(AudioChunk((tick - 1) * TICK, 1, np.zeros(TICK, np.float32), True))
        if pts % FRAME_SAMPLES == 0:
            player.add_picture(tick, picture(pts, 1))
        player.tick(tick)
    assert player.delay.delay_ms == 140
