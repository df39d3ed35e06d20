"""Training of a face expert: it learns what is made up, and resuming changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.values import F32
from export.train.experts import ExpertPlan, ExpertTrainer, agreeing, fit, measure, start
from export.train.experts_data import WHICH, made_up, outputs
from export.train.experts_figures import figures

TINY = ExpertPlan(steps=12, batch=12, width=4, every=4, rate=6e-3)


def words(box: str, seed: int = 1) -> list[F32]:
    rng = np.random.default_rng(seed)
    count = len(outputs("action", box))
    return [rng.normal(0, 0.1, (3, 80)).astype(np.float32) + 3 * np.eye(80)[i].astype(np.float32)
            for i in range(count)]  # fmt: skip


def trained(plan: ExpertPlan, folder: Path, resume: bool = False) -> ExpertTrainer:
    trainer = start(plan, folder, resume=resume)
    says = words(plan.box) if plan.which == "action" else []
    fit(trainer, made_up(plan.which, plan.box), says, lambda net: {}, lambda row: None)
    return trainer


@pytest.mark.parametrize("which", WHICH)
def test_it_learns_what_boxes_show(which: str, tmp_path: Path) -> None:
    plan = replace(TINY, which=which, box="eye", steps=36)
    trainer = trained(plan, tmp_path)
    losses = [row["loss"] for row in trainer.history]
    assert losses[-1] < 0.8 * losses[0]
    fresh = made_up(which, "eye", 40, 5)
    row = figures(trainer.net.eval(), which, "eye", fresh, words("eye"))
    assert (row["r"] > 0.5) if which == "au" else (row["recall"] > 2 * row["floor"])


def test_resuming_changes_nothing(tmp_path: Path) -> None:
    whole = trained(TINY, tmp_path / "whole")
    short = start(TINY, tmp_path / "other", resume=False)

    class Stop(Exception):
        pass

    def stop(row: dict[str, float]) -> None:
        raise Stop

    with pytest.raises(Stop):
        fit(short, made_up("au", "mouth"), [], lambda net: {}, stop)
    on = trained(TINY, tmp_path / "other", resume=True)
    assert on.step == 12 and len(on.history) == 3
    for a, b in zip(whole.net.state_dict().values(), on.net.state_dict().values(), strict=True):
        assert torch.allclose(a.float(), b.float(), atol=1e-5)


def test_time_ends_a_run_too(tmp_path: Path) -> None:
    trainer = start(TINY, tmp_path, resume=False)
    fit(trainer, made_up("au", "mouth"), [], lambda net: {}, lambda row: None, seconds=1e-9)
    assert trainer.step <= 1


def test_spread_is_never_nothing() -> None:
    trainer = start(TINY, Path("nowhere"), resume=False)
    measure(trainer.net, np.full((4, len(outputs("au", "mouth"))), 0.3, np.float32))
    assert torch.allclose(trainer.net.usual, torch.full_like(trainer.net.usual, 0.3))
    assert float(trainer.net.spread.min()) > 0.01


def test_sentences_of_one_action_are_not_each_other_s_negatives() -> None:
    same = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    right = torch.where(same, 20.0, 0.0)
    alone = torch.where(torch.eye(3, dtype=torch.bool), 20.0, 0.0)
    assert float(agreeing(right, same)) < 0.8 < float(agreeing(alone, same))
