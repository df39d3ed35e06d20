"""Tests of export.train.lips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from export.data.lip_examples import synthetic_examples
from export.nets.lips import LipNetConfig
from export.train.lips import (
    LipTrainConfig,
    batch_loss,
    fit,
    learning_rate,
    make_stream,
    predict,
    start,
    validate,
)

CONFIG = LipTrainConfig(
    epochs=2, batch=4, length=50, rate=1e-2, net=LipNetConfig(hidden=8, dilations=(1,))
)
TRAIN = synthetic_examples(10, 1)
VALIDATION = synthetic_examples(3, 2)


def test_the_rate_rises_then_falls() -> None:
    rates = [learning_rate(i, 100, 1.0) for i in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0, abs=0.02)
    assert rates[-1] == pytest.approx(0.0, abs=1e-6)


def test_a_stream_is_seeded_and_scaled(tmp_path: Path) -> None:
    scale = start(CONFIG, TRAIN, tmp_path, False).scale
    one, two = (make_stream(TRAIN, [], scale, CONFIG, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one.mel, two.mel)
    assert one.mel.shape[1:] == (50, 4, 80)
    assert abs(float(one.geometry[..., 0].mean())) < 0.5


def test_the_width_may_weigh_more(tmp_path: Path) -> None:
    trainer = start(CONFIG, TRAIN, tmp_path, False)
    trainer.net.eval()
    stream = make_stream(TRAIN, [], trainer.scale, CONFIG, np.random.default_rng(4))
    rows = np.arange(4)
    losses = [
        float(batch_loss(trainer.net, stream, rows, replace(CONFIG, width_weight=weight)).detach())
        for weight in (1.0, 2.0, 3.0)
    ]
    assert losses[0] < losses[1] < losses[2]
    assert losses[2] - losses[1] == pytest.approx(losses[1] - losses[0], rel=1e-3)


def test_stopping_and_going_on_changes_nothing(tmp_path: Path) -> None:
    straight = start(CONFIG, TRAIN, tmp_path / "a", False)
    fit(straight, TRAIN, VALIDATION, [], lambda row: None)

    def stop(row: dict[str, float]) -> None:
        raise KeyboardInterrupt

    halted = start(CONFIG, TRAIN, tmp_path / "b", False)
    with pytest.raises(KeyboardInterrupt):
        fit(halted, TRAIN, VALIDATION, [], stop)
    resumed = start(CONFIG, TRAIN, tmp_path / "b", True)
    assert resumed.epoch == 1
    fit(resumed, TRAIN, VALIDATION, [], lambda row: None)
    for a, b in zip(straight.net.parameters(), resumed.net.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_the_mean_of_the_weights_is_judged_and_kept(tmp_path: Path) -> None:
    config = replace(CONFIG, average=0.9)
    straight = start(config, TRAIN, tmp_path / "a", False)
    first = [p.detach().clone() for p in straight.net.parameters()]
    fit(straight, TRAIN, VALIDATION, [], lambda row: None)
    assert straight.result is straight.mean is not straight.net
    for begun, mean, last in zip(
        first, straight.result.parameters(), straight.net.parameters(), strict=True
    ):
        assert (mean - last).norm() < (begun - last).norm(), "it follows"
    assert straight.history[-1]["aperture"] == pytest.approx(
        validate(straight.result, VALIDATION, straight.scale)["aperture"]
    )
    resumed = start(config, TRAIN, tmp_path / "a", True)
    for a, b in zip(straight.result.parameters(), resumed.result.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_it_learns(tmp_path: Path) -> None:
    trainer = start(replace(CONFIG, epochs=6), TRAIN, tmp_path, False)
    fit(trainer, TRAIN, VALIDATION, [], lambda row: None)
    assert trainer.history[-1]["loss"] < trainer.history[0]["loss"]
    assert validate(trainer.net, VALIDATION, trainer.scale)["aperture"] > 0.5
    shape, closure = predict(trainer.net, VALIDATION[0], trainer.scale)
    assert shape.shape == (76, 7) and closure.shape == (76,)
