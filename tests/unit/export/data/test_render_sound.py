"""Stills get sound that goes with their mouths; what has sound keeps it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.render.boxes import EYE
from engines.render.conditions import Cues, condition
from engines.values import MOTION_SIZE
from export.data.render_pairs import Pairs, empty
from export.data.render_sound import Voices, heard, voices

SPOKEN = Voices(
    np.linspace(0, 0.1, 1000, dtype=np.float32),
    np.linspace(0, 0.1, 1000, dtype=np.float32)[:, None] * np.ones(80, np.float32),
)


def pairs(count: int, sound: float | None = None) -> Pairs:
    """Only what is looked at: openings and conditions."""
    cues = Cues(sound=None if sound is None else np.full(80, sound, np.float32))
    row = condition(np.full(MOTION_SIZE, 0.3, np.float32), cues)
    blank = {name: np.zeros((count, *getattr(empty(EYE), name).shape[1:]), np.uint8)
             for name in ("picture", "masks", "truth", "rest", "rest_masks", "previous_picture",
                          "previous_truth")}  # fmt: skip
    return Pairs(
        **blank,
        has_previous=np.zeros(count, bool),
        condition=np.repeat(row[None], count, 0),
        open=np.linspace(0, 0.25, count, dtype=np.float32),
        kind=np.array(["rig"] * count),
        identity=np.array(["one"] * count),
    )


def test_wider_mouths_hear_louder_frames_and_some_nothing() -> None:
    made = heard(pairs(400), SPOKEN, True, np.random.default_rng(0))
    told = made.condition[:, -3] > 0
    assert 0.65 < told.mean() < 0.85
    sound = made.condition[told, MOTION_SIZE]
    np.testing.assert_allclose(sound, 0.4 * made.open[told], atol=0.0015)
    assert not made.condition[~told, MOTION_SIZE : MOTION_SIZE + 80].any()
    np.testing.assert_array_equal(made.condition[:, :MOTION_SIZE], np.float32(0.3))


def test_eyes_hear_anything() -> None:
    made = heard(pairs(400), SPOKEN, False, np.random.default_rng(0))
    told = made.condition[:, -3] > 0
    assert abs(np.corrcoef(made.open[told], made.condition[told, MOTION_SIZE])[0, 1]) < 0.2


def test_what_was_heard_stays() -> None:
    before = pairs(20, 0.7)
    after = heard(before, SPOKEN, True, np.random.default_rng(1))
    np.testing.assert_array_equal(after.condition, before.condition)


def test_voices_come_from_the_lips_examples(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train lips"):
        voices(tmp_path)
    power = np.full((6, 4, 80), 1e-8, np.float32)
    power[3:] = 1.0
    weight = np.array([0, 1, 1, 1, 1, 0], np.float32)
    geometry = np.array([9, 0.05, 0.0, 0.08, 0.01, 9], np.float32)[:, None] * np.ones(7, np.float32)
    np.savez(tmp_path / "tts.npz", power=power, geometry_weight=weight, geometry=geometry)
    found = voices(tmp_path)
    np.testing.assert_allclose(found.aperture, [0, 0.01, 0.05, 0.08])
    assert (found.sound.mean(1) > 1).tolist() == [False, True, False, True]
