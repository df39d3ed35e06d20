from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.bench.analyse import (
    Recording,
    Report,
    Shown,
    flow,
    follow,
    frame_ages,
    later_or_equal,
    near,
    seen_movements,
)
from server.probe import MODULUS

START_MS = 1_700_000_000_000.0
UPLINK_MS, SERVER_MS, DOWNLINK_MS, ECHO_MS = 30.0, 140.0, 45.0, 190.0


def played(
    count: int = 10, *, extra_ms: float = 0.0, first_frame: int = 0, seed: int = 1
) -> tuple[Recording, list[float]]:
    """A perfect session: media time p leaves SERVER_MS after it was heard."""
    rng = random.Random(seed)
    recording = Recording()
    media_zero = START_MS + UPLINK_MS - first_frame * 40
    mouths: list[float] = []
    at_ms = START_MS + 2000
    for _ in range(count):
        at_ms += rng.uniform(1100, 1300)
        onset_pts = round((at_ms + UPLINK_MS - media_zero) * 16)
        recording.heard_ms.append(at_ms)
        recording.echo_ms.append(at_ms + ECHO_MS + extra_ms)
        recording.reports.append(Report(at_ms + UPLINK_MS + 3, onset_pts, at_ms + UPLINK_MS))
        frame = -(-onset_pts // 640)
        mouths.append(media_zero + frame * 40 + SERVER_MS + extra_ms + DOWNLINK_MS - at_ms)
    for index in range(int((at_ms - START_MS + 3000) / 40)):
        frame = first_frame + index
        sent = media_zero + frame * 40 + SERVER_MS + extra_ms
        shown = Shown(sent + DOWNLINK_MS, frame % MODULUS, round(sent) % MODULUS, index)
        recording.shown.append(shown)
    return recording, mouths


@pytest.mark.parametrize("extra_ms", [0.0, 50.0, 200.0])
@pytest.mark.parametrize("first_frame", [0, MODULUS - 60])
def test_an_inserted_delay_is_read_back(extra_ms: float, first_frame: int) -> None:
    recording, mouths = played(extra_ms=extra_ms, first_frame=first_frame)
    sounds, lost = follow(recording)
    assert lost == 0
    assert [sound.mouth for sound in sounds] == pytest.approx(mouths, abs=0.5)
    for sound in sounds:
        assert sound.uplink == pytest.approx(UPLINK_MS)
        assert sound.echo == pytest.approx(ECHO_MS + extra_ms)
        assert sound.av == pytest.approx(ECHO_MS - UPLINK_MS - SERVER_MS - DOWNLINK_MS, abs=0.2)
        assert sound.server is not None and sound.downlink is not None
        assert sound.uplink + sound.server + sound.downlink == pytest.approx(sound.mouth)


def test_sounds_without_report_or_picture_are_counted() -> None:
    recording, _ = played(count=6)
    del recording.reports[2]
    gap_from = recording.heard_ms[4]
    recording.shown = [
        picture for picture in recording.shown if not gap_from < picture.at_ms < gap_from + 2500
    ]
    sounds, lost = follow(recording)
    assert (len(sounds), lost) == (4, 2)


def test_a_sound_soon_after_another_is_not_followed() -> None:
    recording, _ = played(count=4)
    recording.heard_ms.insert(2, recording.heard_ms[1] + 300)
    sounds, lost = follow(recording)
    assert (len(sounds), lost) == (4, 0)


def test_settling_time_is_left_out_and_a_lost_echo_is_none() -> None:
    recording, _ = played(count=5)
    del recording.echo_ms[-1]
    sounds, lost = follow(recording, settle_until_ms=recording.heard_ms[2])
    assert (len(sounds), lost) == (3, 0)
    assert sounds[-1].echo is None and sounds[-1].av is None


def test_nothing_recorded_gives_nothing() -> None:
    assert follow(Recording()) == ([], 0)
    assert flow([]) is None
    assert frame_ages([]) == []


def test_flow_shares_a_gap_among_missed_callbacks() -> None:
    rows = [(0, 0, 0), (40, 1, 1), (120, 3, 3), (160, 3, 4), (240, 6, 5)]
    found = flow([Shown(float(at), frame, None, count) for at, frame, count in rows])
    assert found is not None
    assert found.intervals == [40, 40, 40, 40, 80]
    assert (found.missed_callbacks, found.repeated, found.skipped) == (1, 1, 2)
    assert found.longest_ms == 80
    assert found.fps == pytest.approx(5 / 0.24)
    assert found.new_fps == pytest.approx(4 / 0.24)


def test_frame_age_survives_the_counter_turning_over() -> None:
    sent = MODULUS * 7 - 10
    shown = [
        Shown(sent + 45.0, 1, sent % MODULUS, 1),
        Shown(sent + 85.0, 1, sent % MODULUS, 2),  # held: its age is known already
        Shown(sent + 90.0, 2, None, 3),
    ]
    assert frame_ages(shown) == [45.0]


@given(st.integers(0, 10**15), st.integers(-(MODULUS // 2) + 1, MODULUS // 2 - 1))
def test_near_undoes_the_modulus(true_ms: int, away: int) -> None:
    assert near(true_ms % MODULUS, float(true_ms + away)) == pytest.approx(true_ms)


@given(st.integers(0, MODULUS - 1), st.integers(0, MODULUS // 2 - 1))
def test_frame_order_survives_the_modulus(frame: int, ahead: int) -> None:
    assert later_or_equal((frame + ahead) % MODULUS, frame)
    assert ahead == 0 or not later_or_equal(frame, (frame + ahead) % MODULUS)


def test_movement_is_seen_where_the_mouth_clearly_moves() -> None:
    recording, _ = played(count=6)
    moving = [at_ms + 180 for at_ms in recording.heard_ms[:-1]]
    recording.shown = [
        replace(picture, moved=9.0 if any(0 <= picture.at_ms - t < 120 for t in moving) else 0.6)
        for picture in recording.shown
    ]
    found = seen_movements(recording)
    assert len(found) == 5  # in the last sound nothing moved
    assert all(180 <= ms < 221 for ms in found)
    assert len(seen_movements(recording, settle_until_ms=recording.heard_ms[2])) == 3


def test_a_client_that_does_not_look_sees_no_movement() -> None:
    assert seen_movements(played()[0]) == []
