"""The occlusion stage: unknown answers cost nothing, mirrors swap the eyes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from export.data.face_drawn import drawn_cache
from export.data.face_occlusion import OcclusionSampler
from export.nets.face import PointNet
from export.train.face_occlusion import changed, figures, occlusion_loss, occlusion_stage

CACHE = drawn_cache(8, 4)


def test_only_known_answers_cost() -> None:
    logits = torch.tensor([[9.0, -9.0, 5.0]])
    assert float(occlusion_loss(logits, torch.tensor([[1.0, 0.0, 0.5]]))) < 1e-3
    assert float(occlusion_loss(logits, torch.tensor([[0.0, 0.5, 0.5]]))) == pytest.approx(9, 0.01)


def test_a_mirrored_crop_swaps_its_eyes() -> None:
    images = np.zeros((40, 96, 96, 3), np.uint8)
    images[:, 40:50, 20:30] = 200
    hidden = np.tile(np.array([0, 1, 0], np.float32), (40, 1))
    out, answers = changed(images, hidden, np.random.default_rng(0))
    left = out[:, :, :48].astype(int).sum((1, 2, 3)) > out[:, :, 48:].astype(int).sum((1, 2, 3))
    assert (left == (answers[:, 1] == 1)).all()
    assert 5 < left.sum() < 35


def test_figures_tell_misses_from_false_alarms() -> None:
    hidden = torch.tensor([[1.0, 0.0, 0.5], [1.0, 0.0, 0.0]])
    logits = torch.tensor([[3.0, -3.0, 3.0], [-3.0, 3.0, -3.0]])
    assert figures(logits, hidden) == {"seen": 0.5, "false": pytest.approx(1 / 3)}


def test_the_stage_draws_and_judges() -> None:
    samplers = [OcclusionSampler(f, CACHE.photos) for f in (CACHE.train, CACHE.test)]
    stage = occlusion_stage(samplers[0], samplers[1], PointNet(96, 478, 4, (8, 8, 8), 8), 24, 1)
    batch = stage.draw(6, np.random.default_rng(0))
    assert batch[0].shape == (6, 3, 96, 96) and batch[1].shape == (6, 3)
    assert torch.isfinite(stage.loss(stage.net, batch))
    stage.net.eval()
    assert set(stage.judge(stage.net)) == {"seen", "false"}
