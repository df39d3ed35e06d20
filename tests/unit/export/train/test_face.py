"""Training of one net: rates, weights, checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engines.face.parts import PARTS
from engines.render import landmarks as lm
from export.data.face_augment import Sampler, bend_basis
from export.data.face_drawn import drawn_cache
from export.train.face import (
    Batch,
    Stage,
    StageConfig,
    fit,
    make_net,
    parts_to_train,
    pictures,
    point_stage,
    point_weights,
    rate_at,
    shape_basis,
)

CACHE = drawn_cache(8, 1)
FIELDS = bend_basis(CACHE.train.points)


def sampler(name: str) -> Sampler:
    return Sampler(CACHE.train, PARTS[name], CACHE.mirror, FIELDS)


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [rate_at(s, 1000, 1.0) for s in range(1000)]
    assert rates[0] < 0.2 and rates[100] == 1 and rates[590] == 1
    assert rates[999] == pytest.approx(0.01)
    assert rate_at(100, 1000, 1.0) == rate_at(100, 2000, 1.0)


def test_fine_points_weigh_double() -> None:
    weight = point_weights(PARTS["mesh"])
    assert weight.mean() == pytest.approx(1, abs=1e-5)
    assert weight[lm.UPPER_INNER[0]] == pytest.approx(2 * weight[10])


def test_the_basis_spans_the_shapes() -> None:
    mean, basis = shape_basis(sampler("lips"), 6, 1, 100)
    assert mean.shape == (len(PARTS["lips"].points), 3)
    assert basis.shape == (6, *mean.shape)
    sizes = np.square(basis).sum((1, 2))
    assert (np.diff(sizes) <= 1e-9).all()


def test_nets_fit_their_parts() -> None:
    assert [p.name for p in parts_to_train()] == ["mesh", "lips", "eye"]
    for part in parts_to_train():
        images = np.zeros((2, part.side_px, part.side_px, 3), np.uint8)
        assert make_net(part, 5)(pictures(images)).shape == (2, len(part.points), 3)


def test_a_few_steps_bring_the_points_nearer() -> None:
    torch.set_num_threads(1)
    stage = point_stage(PARTS["eye"], sampler("eye"), sampler("eye"), 1, 6, shapes=200, judged=60)
    before = stage.judge(stage.net.eval())["error"]
    optimizer = torch.optim.Adam(stage.net.parameters(), 3e-3)
    stage.net.train()
    for step in range(30):
        loss = stage.loss(stage.net, stage.draw(8, np.random.default_rng(step)))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert stage.judge(stage.net.eval())["error"] < 0.9 * before


def line_stage() -> Stage:
    """One weight that shall become 3."""
    torch.manual_seed(0)
    net = nn.Linear(1, 1)

    def draw(count: int, rng: np.random.Generator) -> Batch:
        x = torch.from_numpy(rng.normal(0, 1, (count, 1, 1, 1)).astype(np.float32))
        return x, 3 * x

    def loss(net: nn.Module, batch: Batch) -> Tensor:
        out: Tensor = (net(batch[0]) - batch[1]).square().mean()
        return out

    return Stage("line", net, draw, loss, lambda _: {"weight": float(net.weight.detach())})


def test_training_goes_on_from_its_checkpoint_as_if_never_stopped(tmp_path: Path) -> None:
    def config(steps: int) -> StageConfig:
        return StageConfig(steps, 4, 0.05, every=2)

    whole = line_stage()
    rows: list[dict[str, float]] = []
    fit(whole, config(20), tmp_path / "whole", resume=False, say=rows.append)
    assert [r["step"] for r in rows] == [2.0 * i for i in range(1, 11)]
    assert "weight" in rows[4] and "weight" not in rows[0]
    halves = line_stage()

    class Stop(Exception):
        pass

    def stop(row: dict[str, float]) -> None:
        if row["step"] == 10:
            raise Stop

    with pytest.raises(Stop):
        fit(halves, config(20), tmp_path / "half", resume=False, say=stop)
    again = line_stage()
    fit(again, config(20), tmp_path / "half", resume=True, say=lambda _: None)
    assert torch.allclose(again.net.weight, whole.net.weight)  # type: ignore[arg-type]
    assert len(again.history) == 10
