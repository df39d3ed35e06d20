"""Training the motion net: losses fall, the seed decides, the past is not leant on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines.motion.face import CHANNEL_INDEX
from engines.motion.feeling import FEELING_SIZE
from export.data.motion_data import MotionData
from export.train.motion import (
    QUIET_SD,
    MotionTrainer,
    conditions_of,
    make_batches,
    scale_of,
    start,
    train_epoch,
    validate,
)
from export.train.motion_cli import SMOKE, smoke_data


@pytest.fixture(scope="module")
def data() -> MotionData:
    return smoke_data()


def trainer(data: MotionData, folder: Path, epochs: int = 4) -> MotionTrainer:
    return start(replace(SMOKE, epochs=epochs), data.train, folder, resume=False)


def test_losses_fall_and_repeat(data: MotionData, tmp_path: Path) -> None:
    one = trainer(data, tmp_path)
    rows = [train_epoch(one, data.train) for _ in range(4)]
    assert rows[-1]["error"] < 0.97 * rows[0]["error"]
    assert set(validate(one, data.validation)) == {"val_error", "val_speed", "val_kl"}
    two = trainer(data, tmp_path)
    again = [train_epoch(two, data.train) for _ in range(4)]
    assert rows == again


def test_quiet_channels_are_not_blown_up(data: MotionData) -> None:
    scale = scale_of(data.train)
    for name, least in QUIET_SD.items():
        assert scale["sd"][CHANNEL_INDEX[name]] >= least - 1e-6


def test_conditions_have_their_places(data: MotionData) -> None:
    example = data.train[0]
    whole = conditions_of(example)
    assert whole.shape == (len(example.voice), SMOKE.net.conditions)
    assert (whole[:, :9] == example.voice).all()
    assert (whole[:, -7:] == example.style).all()
    rng = np.random.default_rng(1)
    dropped = [conditions_of(example, rng)[:, 11 : 11 + FEELING_SIZE] for _ in range(40)]
    assert any(not rows[:, :-2].any() and rows[:, -2:].any() for rows in dropped)


def test_the_past_is_noisy_and_sometimes_gone(data: MotionData) -> None:
    scale = scale_of(data.train)
    batch = make_batches(data.train, scale, SMOKE, np.random.default_rng(1))[0]
    truth = batch.motion[:, 3:-1:4]
    away = (batch.past[:, 1:] - truth).abs().mean().item()
    assert 0.05 < away < 1.0
