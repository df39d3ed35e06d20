"""Speech and mood in one face: consonants stay closed, moods stay in range."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engines.motion.compose import SOBER, compose
from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX
from engines.values import ARKIT_NAMES, F32, MOTION_INDEX

JAW, SEAL = MOTION_INDEX["jawOpen"], MOTION_INDEX["mouthClose"]
FROWN = MOTION_INDEX["mouthFrownLeft"]
SMILE = MOTION_INDEX["mouthSmileLeft"]


def mouth(**values: float) -> F32:
    out = np.zeros(len(ARKIT_NAMES), np.float32)
    for name, value in values.items():
        out[MOTION_INDEX[name]] = value
    return out


def mood(**values: float) -> F32:
    out = np.zeros(CHANNEL_COUNT, np.float32)
    for name, value in values.items():
        out[CHANNEL_INDEX[name]] = value
    return out


def test_a_consonant_stays_sealed_whatever_is_felt() -> None:
    felt = mood(jaw=0.5, upperUp=0.6, smileLeft=0.8)
    motion = compose(felt, mouth(mouthClose=1.0), voiced=1.0)
    assert motion[SEAL] == 1.0
    assert motion[JAW] == 0.0
    assert motion[MOTION_INDEX["mouthUpperUpLeft"]] == 0.0
    assert motion[SMILE] > 0.3


def test_surprise_parts_silent_lips() -> None:
    motion = compose(mood(jaw=0.35), mouth(mouthClose=1.0), voiced=0.0)
    assert motion[SEAL] == 0.0
    assert np.isclose(motion[JAW], 0.32)


def test_silent_lips_without_a_mood_stay_sealed() -> None:
    motion = compose(mood(smileLeft=0.5), mouth(mouthClose=1.0), voiced=0.0)
    assert motion[SEAL] == 1.0
    assert np.isclose(motion[SMILE], 0.47)


def test_a_tremor_of_the_mood_does_not_show() -> None:
    motion = compose(mood(jaw=0.02, round=0.03, smileLeft=0.01), mouth(mouthClose=1.0), voiced=0.0)
    assert motion[SEAL] == 1.0 and motion[JAW] == 0.0 and motion[SMILE] == 0.0


def test_words_keep_most_of_the_mouth() -> None:
    speaking = compose(mood(smileLeft=0.8, jaw=0.4), mouth(jawOpen=0.3), voiced=1.0)
    assert np.isclose(speaking[SMILE], 0.462)
    assert 0.3 < speaking[JAW] < 0.45


def test_corners_stay_down_while_words_are_said() -> None:
    speaking = compose(mood(frown=0.8), mouth(jawOpen=0.3), voiced=1.0)
    assert np.isclose(speaking[FROWN], 0.77)


def test_a_sober_face_frowns_a_little_unless_it_smiles() -> None:
    assert np.isclose(compose(mood(), mouth(), voiced=1.0, sober=1.0)[FROWN], SOBER)
    assert compose(mood(frown=0.8), mouth(), voiced=1.0, sober=1.0)[FROWN] > 0.7
    assert compose(mood(smileLeft=0.6), mouth(), voiced=1.0, sober=1.0)[FROWN] == 0.0


def test_the_rest_of_the_face_is_as_performed() -> None:
    motion = compose(mood(browInner=0.7, headYaw=0.1), mouth(), voiced=1.0)
    assert np.isclose(motion[MOTION_INDEX["browInnerUp"]], 0.7)
    assert np.isclose(motion[MOTION_INDEX["headYaw"]], 0.1)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_always_in_range(seed: int, voiced: float) -> None:
    rng = np.random.default_rng(seed)
    lips = rng.uniform(0, 1, len(ARKIT_NAMES)).astype(np.float32)
    motion = compose(rng.normal(0, 2, CHANNEL_COUNT).astype(np.float32), lips, voiced)
    shapes = motion[: len(ARKIT_NAMES)]
    assert shapes.min() >= 0 and shapes.max() <= 1
    assert not motion.flags.writeable
