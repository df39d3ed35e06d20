"""The student: starts as its teacher, is drawn by each loss, goes on bit for bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from export.data.render_pairs import Pairs
from export.distill.losses import Features
from export.distill.student import Distiller, Recipe, pulls, save, start, student_step
from export.nets.renderer import BoxNetConfig
from export.train.renderer import Nets, RenderConfig
from export.train.renderer import start as start_trainer
from export.train.renderer_batch import chances
from export.train.renderer_cli import made_up

SIZES = BoxNetConfig((8, 12, 16), (1, 1, 1), 16)
TINY = RenderConfig(box="eye", steps=8, batch=4, every=1, rate=1e-3, net=SIZES)
LOUD = Recipe(warm=1, two=0.5, contest=0.5)


@pytest.fixture
def pairs() -> Pairs:
    return made_up("eye")


@pytest.fixture
def teacher() -> Nets:
    torch.manual_seed(4)
    nets = Nets(SIZES)
    for value in nets.box.last.parameters():
        torch.nn.init.normal_(value, std=0.01)
    return nets


def make(folder: Path, teacher: Nets, recipe: Recipe = LOUD, *, resume: bool = False) -> Distiller:
    torch.manual_seed(6)
    features = Features(8)
    trainer = start_trainer(TINY, folder, resume=resume)
    return start(trainer, recipe, teacher, features, resume=resume)


def state(distiller: Distiller) -> list[torch.Tensor]:
    parts = (distiller.trainer.nets, distiller.critic, distiller.judge)
    return [value.clone() for part in parts for value in part.state_dict().values()]


def test_it_starts_as_its_teacher_which_never_moves(
    pairs: Pairs, teacher: Nets, tmp_path: Path
) -> None:
    before = [value.clone() for value in teacher.parameters()]
    distiller = make(tmp_path, teacher)
    for nets in (distiller.trainer.nets.now, distiller.trainer.nets.mean):
        for mine, its in zip(nets.parameters(), before, strict=True):
            assert torch.equal(mine, its)
    chance = chances(pairs, "eye")
    for _ in range(3):
        student_step(distiller, pairs, chance)
    for now, then in zip(teacher.parameters(), before, strict=True):
        assert torch.equal(now, then)
    moved = distiller.trainer.nets.now.box.stem.weight
    assert not torch.equal(moved, before[0].reshape(-1)[0].expand_as(moved))
    assert not torch.equal(moved, teacher.box.stem.weight)


def test_resuming_changes_no_bit(pairs: Pairs, teacher: Nets, tmp_path: Path) -> None:
    chance = chances(pairs, "eye")
    whole = make(tmp_path / "whole", teacher)
    for _ in range(6):
        student_step(whole, pairs, chance)
    parted = make(tmp_path / "parted", teacher)
    for _ in range(3):
        student_step(parted, pairs, chance)
    save(parted)
    parted = make(tmp_path / "parted", teacher, resume=True)
    assert parted.trainer.step == 3
    for _ in range(3):
        student_step(parted, pairs, chance)
    for left, right in zip(state(whole), state(parted), strict=True):
        assert torch.equal(left, right)


def test_the_critic_learns_before_it_is_heard(pairs: Pairs, teacher: Nets, tmp_path: Path) -> None:
    quiet = replace(LOUD, teacher=0.0, features=0.0, two=0.0, contest=0.0)
    alone = make(tmp_path / "a", teacher, replace(quiet, critic=0.0, matching=0.0))
    warming = make(tmp_path / "b", teacher, replace(quiet, critic=5.0, warm=2))
    heard = make(tmp_path / "c", teacher, replace(quiet, critic=5.0, warm=0))
    chance = chances(pairs, "eye")
    for distiller in (alone, warming, heard):
        student_step(distiller, pairs, chance)
    kept = [d.trainer.nets.now.box.last.weight for d in (alone, warming, heard)]
    assert torch.equal(kept[0], kept[1]) and not torch.equal(kept[0], kept[2])
    fresh = weight_of(make(tmp_path / "d", teacher))
    assert torch.equal(weight_of(alone), fresh)
    assert not torch.equal(weight_of(warming), fresh)


@pytest.mark.parametrize(
    "asked", [Recipe(tint=5.0), Recipe(steep=5.0), Recipe(contest=5.0, warm=0)]
)
def test_colour_steepness_and_contest_are_heard_when_they_are_asked_for(
    pairs: Pairs, teacher: Nets, tmp_path: Path, asked: Recipe
) -> None:
    chance = chances(pairs, "eye")
    kept = []
    for part, recipe in (("plain", Recipe()), ("asked", asked)):
        alone = replace(recipe, teacher=0.0, features=0.0, critic=0.0, matching=0.0, two=0.0)
        distiller = make(tmp_path / part, teacher, alone)
        student_step(distiller, pairs, chance)
        kept.append(distiller.trainer.nets.now.box.last.weight)
    assert not torch.equal(kept[0], kept[1])


def weight_of(distiller: Distiller) -> torch.Tensor:
    return next(distiller.critic.parameters())


def test_each_loss_pulls_and_can_be_left_out(pairs: Pairs, teacher: Nets, tmp_path: Path) -> None:
    found = pulls(make(tmp_path / "a", teacher, replace(LOUD, warm=0)), pairs)
    assert set(found) == {"level", "teacher", "looks"} and min(found.values()) > 0
    nothing = replace(LOUD, features=0.0, critic=0.0, matching=0.0, teacher=0.0, contest=0.0)
    found = pulls(make(tmp_path / "b", teacher, nothing), pairs)
    assert found["level"] > 0 and found["teacher"] == found["looks"] == 0
    assert nothing.as_dict()["features"] == 0
