"""The face at rest: alive, smooth, repeatable, and never the mouth."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.values import ARKIT_NAMES, F32, MOTION_INDEX, MOTION_NAMES, MOTION_SIZE
from export.data.acting.idle import IdleGenerator, IdleState

MOUTH = [
    index
    for name, index in MOTION_INDEX.items()
    if name.startswith(("jaw", "mouth", "tongue", "cheekPuff", "nose"))
]


def talk(frames: int) -> list[tuple[bool, float]]:
    """Five seconds of silence, five of speech, and so on."""
    return [
        ((at // 125) % 2 == 1, (0.25 + 0.5 * (at % 9 < 3)) if (at // 125) % 2 else 0.0)
        for at in range(frames)
    ]


def run(state: IdleState, script: list[tuple[bool, float]]) -> F32:
    generator = IdleGenerator()
    return np.stack([generator.step(state, speaking, energy) for speaking, energy in script])


def fresh(seed: int) -> IdleState:
    return IdleGenerator().new_state(seed)


def column(motion: F32, name: str) -> F32:
    return motion[:, MOTION_INDEX[name]]


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**63),
    st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=300),
)
def test_any_session_stays_in_range(seed: int, script: list[tuple[bool, float]]) -> None:
    motion = run(fresh(seed), script)
    assert motion.shape == (len(script), MOTION_SIZE)
    assert motion.dtype == np.float32
    shapes = motion[:, : len(ARKIT_NAMES)]
    assert shapes.min() >= 0.0
    assert shapes.max() <= 1.1  # the model clips what adds up
    limits = np.radians([4.0, 6.0, 3.0])
    assert (np.abs(motion[:, 52:55]) <= limits + 1e-6).all()
    assert not motion[:, MOUTH].any()


def test_the_same_seed_and_sound_give_the_same_face() -> None:
    np.testing.assert_array_equal(run(fresh(5), talk(1500)), run(fresh(5), talk(1500)))


def test_another_seed_gives_another_face() -> None:
    one, two = run(fresh(5), talk(1500)), run(fresh(6), talk(1500))
    assert np.abs(one - two)[:, 52:55].max() > 0.01


def test_it_does_not_repeat_itself() -> None:
    yaw = column(run(fresh(1), [(False, 0.0)] * 6000), "headYaw")
    yaw = yaw - yaw.mean()
    power = float(yaw @ yaw)
    echoes = [abs(float(yaw[:-lag] @ yaw[lag:])) / power for lag in range(500, 5000, 25)]
    assert max(echoes) < 0.6


def test_a_copied_state_goes_its_own_way() -> None:
    state = fresh(9)
    run(state, talk(400))
    branch = copy.deepcopy(state)
    one = run(state, talk(800))
    np.testing.assert_array_equal(one, run(branch, talk(800)))


def test_interleaved_sessions_equal_lone_ones() -> None:
    script = talk(600)
    generator = IdleGenerator()
    one, two = generator.new_state(1), generator.new_state(2)
    pairs = [(generator.step(one, *at), generator.step(two, *at)) for at in script]
    np.testing.assert_array_equal(np.stack([pair[0] for pair in pairs]), run(fresh(1), script))
    np.testing.assert_array_equal(np.stack([pair[1] for pair in pairs]), run(fresh(2), script))


def test_both_eyes_look_the_same_way() -> None:
    motion = run(fresh(3), talk(3000))
    np.testing.assert_array_equal(
        column(motion, "eyeLookOutLeft"), column(motion, "eyeLookInRight")
    )
    np.testing.assert_array_equal(
        column(motion, "eyeLookInLeft"), column(motion, "eyeLookOutRight")
    )
    for way in ("Up", "Down"):
        np.testing.assert_array_equal(
            column(motion, f"eyeLook{way}Left"), column(motion, f"eyeLook{way}Right")
        )
    both = np.minimum(column(motion, "eyeLookInLeft"), column(motion, "eyeLookOutLeft"))
    assert not both.any()


def test_nothing_but_lids_and_eyes_is_quick() -> None:
    motion = run(fresh(3), talk(6000))
    quick = np.abs(np.diff(motion, axis=0)).max(axis=0)
    for name, index in MOTION_INDEX.items():
        if name.startswith("eyeBlink"):
            assert quick[index] > 0.4
        elif not name.startswith("eyeLook"):
            assert quick[index] < 0.09, name


def test_everything_above_the_mouth_lives() -> None:
    motion = run(fresh(3), talk(6000))
    still = {
        name for name, value in zip(MOTION_NAMES, np.ptp(motion, axis=0), strict=True) if not value
    }
    assert still == {MOTION_NAMES[index] for index in MOUTH} | {"eyeWideLeft", "eyeWideRight"}


def test_phrases_often_end_in_a_blink() -> None:
    script = talk(25 * 900)
    motion = run(fresh(3), script)
    shut = motion[:, MOTION_INDEX["eyeBlinkLeft"]] > 0.1
    ends = [at for at in range(1, len(script)) if script[at - 1][0] and not script[at][0]]
    hits = np.mean([shut[end : end + 3].any() for end in ends])
    assert hits > 0.3
    assert hits > 2.5 * np.mean([shut[at : at + 3].any() for at in range(60, len(shut), 10)])


@pytest.mark.parametrize("name", ["headPitch", "headYaw", "browInnerUp", "browOuterUpLeft"])
def test_speech_moves_more_than_silence(name: str) -> None:
    silent = run(fresh(3), [(False, 0.0)] * 3000)
    spoken = run(fresh(3), [(True, 0.25 + 0.5 * (at % 9 < 3)) for at in range(3000)])
    assert column(spoken, name).std() > 1.3 * column(silent, name).std()
