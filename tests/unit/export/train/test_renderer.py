"""Training of a box: what it learns, what it is shown, and that resuming changes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from export.data.render_pairs import Pairs
from export.nets.renderer import BoxNetConfig
from export.train.renderer import (
    KEPT,
    RenderConfig,
    RenderTrainer,
    Trained,
    fit,
    put_before,
    rate_at,
    save,
    start,
    times_of,
    train_step,
)
from export.train.renderer_batch import batch_of, chances
from export.train.renderer_cli import made_up

TINY = RenderConfig(
    box="eye", steps=6, batch=4, every=1, net=BoxNetConfig((8, 12, 16), (1, 1, 1), 16)
)


@pytest.fixture
def pairs() -> Pairs:
    return made_up("eye")


def state(trainer: RenderTrainer) -> list[torch.Tensor]:
    return [value.clone() for value in trainer.nets.state_dict().values()]


def test_the_loss_falls(pairs: Pairs, tmp_path: Path) -> None:
    wider = BoxNetConfig((16, 24, 32), (1, 1, 1), 32)
    trainer = start(replace(TINY, batch=8, net=wider), tmp_path, resume=False)
    chance = chances(pairs, "eye")
    losses = [train_step(trainer, pairs, chance) for _ in range(90)]
    assert np.mean(losses[-20:]) < 0.7 * np.mean(losses[:10])


def run(
    trainer: RenderTrainer,
    pairs: Pairs,
    say: Callable[[dict[str, float]], None] = lambda row: None,
    seconds: float | None = None,
) -> None:
    chance = chances(pairs, "eye")
    fit(
        trainer,
        lambda: train_step(trainer, pairs, chance),
        lambda nets, step: {"figure": 1.0},
        lambda: save(trainer),
        say,
        seconds,
    )


@pytest.mark.parametrize("regression", [False, True])
def test_resuming_changes_no_bit(pairs: Pairs, tmp_path: Path, regression: bool) -> None:
    config = replace(TINY, steps=10, regression=regression)
    whole = start(config, tmp_path / "whole", resume=False)
    run(whole, pairs)

    parted = start(config, tmp_path / "parted", resume=False)
    rows: list[float] = []

    class Stopped(Exception):
        pass

    def stop(row: dict[str, float]) -> None:
        rows.append(row["step"])
        if row["step"] == 5:
            raise Stopped

    with pytest.raises(Stopped):
        run(parted, pairs, stop)
    parted = start(config, tmp_path / "parted", resume=True)
    assert parted.step == 5
    rows.append(0)
    run(parted, pairs, rows_of(rows))
    assert rows == [1, 2, 3, 4, 5, 0, 6, 7, 8, 9, 10]
    for left, right in zip(state(whole), state(parted), strict=True):
        assert torch.equal(left, right)


def rows_of(rows: list[float]) -> Callable[[dict[str, float]], None]:
    return lambda row: rows.append(row["step"])


def test_without_a_checkpoint_resuming_starts_afresh(tmp_path: Path) -> None:
    assert start(TINY, tmp_path, resume=True).step == 0


@pytest.mark.parametrize("seconds", [3.0, 4.0, 5.0, 6.0])
def test_time_that_runs_out_ends_a_run_judged(
    pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Whichever look at the clock finds the time gone: here each look takes a second."""
    looks = itertools.count()
    monkeypatch.setattr("export.train.renderer.time.monotonic", lambda: float(next(looks)))
    trainer = start(replace(TINY, steps=10**9, every=10**6), tmp_path, resume=False)
    run(trainer, pairs, seconds=seconds)
    assert 0 < trainer.step < 10
    (last,) = trainer.history
    assert last["step"] == trainer.step and last["seconds"] >= seconds and "figure" in last


def test_half_a_batch_is_pure_noise_and_a_regressor_s_all() -> None:
    rng = np.random.default_rng(0)
    at = times_of(replace(TINY, batch=8), rng)
    assert at.shape == (8, 1) and (at[:4] == 1).all() and ((at[4:] > 0) & (at[4:] < 1)).all()
    assert (times_of(replace(TINY, batch=8, regression=True), rng) == 1).all()


def test_what_came_before_is_nothing_or_true_or_drawn(pairs: Pairs, tmp_path: Path) -> None:
    many = replace(TINY, batch=24)
    trainer = start(many, tmp_path, resume=False)
    for value in trainer.nets.now.box.last.parameters():
        torch.nn.init.normal_(value, std=0.02)
    batch = batch_of(pairs)
    nets, noise = trainer.nets.now, torch.zeros_like(batch.picture)
    put_before(nets, batch, nets.features(batch), noise, np.random.default_rng(0))
    loud = batch.previous.abs().amax(dim=(1, 2, 3)) > 0
    assert 4 < int(loud.sum()) < 20
    assert not batch.previous.requires_grad


def test_the_mean_follows_the_nets() -> None:
    assert TINY.net is not None
    nets = Trained(TINY.net)
    with torch.no_grad():
        nets.now.box.stem.bias.add_(1)  # type: ignore[union-attr]
    before = nets.mean.box.stem.bias.clone()  # type: ignore[union-attr]
    nets.average(10_000)
    moved = (nets.mean.box.stem.bias - before).abs().max()  # type: ignore[operator]
    assert float(moved) == pytest.approx(1 - KEPT, rel=1e-2)
    assert not any(value.requires_grad for value in nets.mean.parameters())


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [rate_at(share, 1.0) for share in (0.0, 0.01, 0.3, 0.6, 0.8, 1.0)]
    assert rates == pytest.approx([0.1, 0.55, 1.0, 1.0, 0.5, 0.01])
