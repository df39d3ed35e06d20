"""Flicker that motion does not raise, and drift by passes of equal motion."""

from __future__ import annotations

import numpy as np
import pytest

from engines.render.boxes import MOUTH
from engines.render.cv import cv2
from engines.values import U8
from export.evaluate.film_metrics import added_flicker, drift, flicker, passes, wandered
from tests.support.tiny_judge import tiny_judge


def texture(seed: int = 1) -> U8:
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 60, (MOUTH.height + 40, MOUTH.width + 40, 3)).astype(np.float32)
    out: U8 = np.clip(cv2.GaussianBlur(noise, (0, 0), 3) * 8 + 128, 0, 255).astype(np.uint8)
    return out


def film(shift: int, jitter: float) -> U8:
    wide = texture()
    rng = np.random.default_rng(2)
    out = []
    for i in range(6):
        x = 10 + i * shift
        box = wide[20 : 20 + MOUTH.height, x : x + MOUTH.width].astype(np.float32)
        out.append(np.clip(box + rng.normal(0, jitter, box.shape), 0, 255).astype(np.uint8))
    return np.stack(out)


def test_boiling_is_flicker_and_moving_is_not() -> None:
    still, moving, boiling = film(0, 0), film(2, 0), film(0, 8)
    assert flicker(still).max() < 1e-6
    assert flicker(moving).mean() < 0.15 * flicker(boiling).mean()


def test_what_is_added_steadily_adds_no_flicker() -> None:
    frame = film(2, 0)
    assert added_flicker(cv2.add(frame, np.full_like(frame, 9)), frame).max() < 1.0
    assert added_flicker(film(2, 8), frame).mean() > 2.0


def test_passes_are_of_equal_motion() -> None:
    at = passes(125, 1500)
    assert at[1.0] == [25, 27, 29, 31, 33]
    assert at[10.0] == [275, 277, 279, 281, 283]
    assert all((b - a) % 125 == 0 for a, b in zip(at[1.0], at[60.0], strict=True))
    assert 1300 < min(at[60.0]) and max(at[60.0]) < 1500
    with pytest.raises(ValueError, match="frames of film"):
        passes(125, 100)


def test_drift_grows_where_a_film_wanders() -> None:
    frame = np.concatenate([film(0, 0)] * 10)
    at = passes(6, len(frame), (0.04, 1.0, 2.0))
    noise = np.random.default_rng(3).normal(0, 1, frame.shape)
    grown = frame + noise * np.linspace(0, 40, len(frame))[:, None, None, None]
    drawn = np.clip(grown, 0, 255).astype(np.uint8)
    judge = tiny_judge()
    by = [float(v.mean()) for v in drift(judge, drawn, frame, at).values()]
    assert by[0] < by[1] < by[2]
    off = [float(v.mean()) for v in wandered(judge, drawn, at).values()]
    assert off[0] == pytest.approx(0, abs=1e-6) and off[1] < off[2]
    assert all(v.max() < 1e-6 for v in wandered(judge, frame, at).values())
