"""The command: smoke in seconds, what is missing is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from export.distill.cli import distill, parser, recipe_of
from export.train.renderer import load_trained
from export.train.renderer_batch import SHARES
from export.train.renderer_cli import made_up, train


def test_smoke_leaves_nets_that_load_and_can_go_on(tmp_path: Path) -> None:
    words = ["--smoke", "--box", "eye", "--run", str(tmp_path)]
    assert distill(words) == 0
    assert distill([*words, "--resume", "--steps", "8"]) == 0
    history = json.loads((tmp_path / "log.json").read_text())
    assert history[-1]["step"] == 8 and "stills_1_psnr" in history[-1]
    nets = load_trained(tmp_path)
    assert nets.mean.box.config.widths == (8, 12, 16) and not nets.training


def test_a_teacher_s_run_is_taken_up(tmp_path: Path) -> None:
    teacher, student, cache = (tmp_path / name for name in ("teacher", "student", "cache"))
    assert train(["--smoke", "--box", "eye", "--run", str(teacher)]) == 0
    made_up("eye", 24).save(cache / "renderer" / "eye-cycle.npz")
    places = ["--teacher", str(teacher), "--run", str(student), "--cache", str(cache)]
    assert (
        distill(["--box", "eye", "--steps", "1", "--features", "0", "--batch", "2", *places]) == 0
    )
    note = json.loads((student / "config.json").read_text())
    assert note["net"]["widths"] == [8, 12, 16] and note["recipe"]["features"] == 0


def test_what_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert distill(["--teacher", str(tmp_path)]) == 1
    assert "train renderer" in capsys.readouterr().err
    teacher = tmp_path / "teacher"
    assert train(["--smoke", "--box", "eye", "--run", str(teacher)]) == 0
    capsys.readouterr()
    assert distill(["--box", "eye", "--teacher", str(teacher), "--data", str(tmp_path)]) == 1
    assert "--features 0" in capsys.readouterr().err


def test_arguments_reach_the_recipe() -> None:
    words = "--features 0.5 --critic 0.2 --matching 0.3 --two 0.1 --teacher-weight 0.4"
    words += " --teacher-steps 6 --tint 0.6 --steep 0.7 --contest 0.8 --warm 9"
    recipe = recipe_of(parser().parse_args(words.split()))
    assert (recipe.features, recipe.critic, recipe.matching, recipe.two) == (0.5, 0.2, 0.3, 0.1)
    assert (recipe.teacher, recipe.teacher_steps) == (0.4, 6)
    assert (recipe.tint, recipe.steep, recipe.contest, recipe.warm) == (0.6, 0.7, 0.8, 9)


def test_shares_are_of_known_kinds() -> None:
    given = parser().parse_args(["--shares", "restore=0.4,grid=0"]).shares
    assert given == {"restore": 0.4, "grid": 0.0}
    for wrong in ("restore", "restore=much", "restore=2", "nobody=0.1", "restore=nan"):
        with pytest.raises(SystemExit):
            parser().parse_args(["--shares", wrong])


def test_shares_are_kept_in_the_note(tmp_path: Path) -> None:
    words = ["--smoke", "--box", "eye", "--steps", "1", "--run", str(tmp_path)]
    assert distill([*words, "--shares", "restore=0.5"]) == 0
    note = json.loads((tmp_path / "config.json").read_text())
    assert note["shares"]["restore"] == 0.5 and note["shares"]["grid"] == SHARES["grid"]


def test_a_later_stage_runs_on_made_up_experts_and_is_noted(tmp_path: Path) -> None:
    words = ["--smoke", "--box", "eye", "--features", "0", "--steps", "2", "--run", str(tmp_path)]
    assert distill([*words, "--au", "0.5", "--emotion", "0.1", "--action", "0.1"]) == 0
    note = json.loads((tmp_path / "config.json").read_text())["recipe"]
    assert (note["au"], note["sync"], note["action"]) == (0.5, 0, 0.1)


def test_a_missing_expert_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    teacher, cache = tmp_path / "teacher", tmp_path / "cache"
    assert train(["--smoke", "--box", "eye", "--steps", "1", "--run", str(teacher)]) == 0
    made_up("eye", 24).save(cache / "renderer" / "eye-cycle.npz")
    places = ["--teacher", str(teacher), "--cache", str(cache), "--features", "0"]
    asked = ["--box", "eye", "--au", "1", "--experts", str(tmp_path / "none")]
    assert distill([*asked, *places]) == 1
    assert "train experts --which au --box eye" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["--tint", "--au", "--sync"])
def test_what_judges_boxes_is_refused_for_a_face(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert distill(["--smoke", "--box", "face", name, "1", "--run", str(tmp_path / "run")]) == 1
    assert "not a face" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
