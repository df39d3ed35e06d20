"""`train face` from the outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.face.weights import load
from export.data.face_drawn import drawn_cache
from export.train.face_cli import SHARES, chances, draw_curves, parser, split_faces, train


def test_kinds_are_drawn_in_their_shares() -> None:
    kinds = np.array([0] * 10 + [1] * 30 + [2] * 5 + [3] * 4)
    each = chances(kinds)
    assert each.sum() == pytest.approx(1)
    assert each[kinds == 1].sum() == pytest.approx(SHARES[1])
    assert chances(np.zeros(4, np.int64)).tolist() == [0.25] * 4


def test_the_ridge_is_chosen_on_faces_apart() -> None:
    faces = drawn_cache(12, 1).train
    solving, choosing = split_faces(faces, 1)
    assert len(solving.images) + len(choosing.images) == len(faces.images)
    assert len(choosing.images) >= 1


def test_missing_data_is_said_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--data", str(tmp_path), "--out", str(tmp_path / "w"), "--cache", str(tmp_path / "c")]
    assert train(argv) == 1
    assert "--data" in capsys.readouterr().err
    assert not (tmp_path / "w").exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_smoke_trains_packs_and_draws_without_data(tmp_path: Path) -> None:
    argv = ["--smoke", "--out", str(tmp_path / "w"), "--run", str(tmp_path / "r")]
    assert train(argv) == 0
    assert load(tmp_path / "w").mirror.shape == (478,)
    for name in ("mesh", "lips", "eye", "scene", "occlusion", "person"):
        assert (tmp_path / "r" / "smoke" / name / "checkpoint.safetensors").exists()
        assert (tmp_path / "r" / "smoke" / name / "curves.png").exists()


def test_curves_are_a_picture(tmp_path: Path) -> None:
    history = [{"step": 1.0, "loss": 2.0, "seconds": 1.0}, {"step": 2.0, "loss": 1.0, "error": 0.1}]
    draw_curves("mesh", history, tmp_path / "x" / "curves.png")
    assert (tmp_path / "x" / "curves.png").read_bytes()[:4] == b"\x89PNG"
    assert parser().parse_args([]).seed == 1
