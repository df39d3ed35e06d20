"""The course of a training: its rate, its end by steps or clock, going on where it stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from export.train.course import Course, enter, follow, rate_at


@dataclass(frozen=True)
class Config:
    steps: int = 12
    rate: float = 0.3
    weight_decay: float = 0.0
    seed: int = 3
    every: int = 4


def start(folder: Path, config: Config, *, resume: bool = False) -> Course[Config, nn.Linear]:
    torch.manual_seed(config.seed)
    return enter(config, folder, nn.Linear(3, 1), resume=resume)


def loss_of(net: nn.Linear, rng: np.random.Generator) -> Tensor:
    x = torch.from_numpy(rng.standard_normal((16, 3), dtype=np.float32))
    loss: Tensor = (net(x) - x.sum(1, keepdim=True)).square().mean()
    return loss


def run(course: Course[Config, nn.Linear], seconds: float | None = None) -> list[float]:
    steps: list[float] = []
    follow(
        course,
        lambda rng: loss_of(course.net, rng),
        lambda net: {"training": float(net.training)},
        lambda row: steps.append(row["step"]),
        seconds,
    )
    return steps


def test_the_rate_rises_and_falls() -> None:
    assert rate_at(0, 1) == 0.02 and rate_at(0.05, 1) == 1.0 and rate_at(1, 1) < 0.02


def test_it_learns_is_judged_at_rest_and_ends_by_steps(tmp_path: Path) -> None:
    course = start(tmp_path, Config(steps=10))
    assert run(course) == [4, 8, 10]
    assert course.history[-1]["loss"] < 0.8 * course.history[0]["loss"]
    assert {row["training"] for row in course.history} == {0.0}


def test_going_on_gives_what_never_stopping_gives(tmp_path: Path) -> None:
    whole = start(tmp_path / "whole", Config())
    run(whole)

    class Stop(Exception):
        pass

    def stop(row: dict[str, float]) -> None:
        raise Stop

    part = start(tmp_path / "part", Config())
    with pytest.raises(Stop):
        follow(part, lambda rng: loss_of(part.net, rng), lambda net: {}, stop)
    on = start(tmp_path / "part", Config(), resume=True)
    assert on.step == 4
    run(on)
    assert torch.equal(on.net.weight, whole.net.weight)


def test_time_ends_it_and_counts_what_was_spent_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(1000))
    monkeypatch.setattr("export.train.course.time.monotonic", lambda: float(next(now)))
    course = start(tmp_path, replace(Config(), every=100))
    assert run(course, seconds=6.0) == [course.step] and 0 < course.step <= 6
    on = start(tmp_path, replace(Config(), every=100), resume=True)
    before = on.step
    assert on.history[-1]["seconds"] >= 6.0 and run(on, seconds=6.0) == [] and on.step == before
