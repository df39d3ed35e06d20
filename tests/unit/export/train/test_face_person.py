"""The person stage: who is kept apart, what an outline costs, that it learns."""

from __future__ import annotations

import numpy as np
import torch

from engines.face.person import SIDE_PX
from export.data.face_drawn import drawn_cache
from export.train.face_person import APART, figures, kept_apart, person_loss, person_stage

CACHE = drawn_cache(8, 4)


def test_nobody_is_both_trained_on_and_judged() -> None:
    train, apart = kept_apart([*range(150)], 1)
    assert len(apart) == APART and not {*train} & {*apart}
    assert sorted(train + apart) == [*range(150)]
    assert kept_apart([*range(150)], 1) == (train, apart) != kept_apart([*range(150)], 2)
    assert len(kept_apart([0, 1, 2], 1)[1]) == 1


def test_a_miss_at_the_outline_costs_more() -> None:
    person = torch.zeros(1, 1, 64, 64)
    person[..., :32] = 1
    right = torch.where(person > 0, 9.0, -9.0)
    near, far = right.clone(), right.clone()
    near[..., 10:20, 32:34] *= -1
    far[..., 10:20, 50:52] *= -1
    losses = [float(person_loss(logits, person)) for logits in (right, far, near)]
    assert losses[0] < 0.01 < losses[1] < losses[2] / 2


def test_figures_name_the_worst() -> None:
    truth = torch.zeros(2, 1, 4, 4)
    truth[:, :, :2] = 1
    said = truth.clone()
    said[1, :, 0] = 0
    assert figures(said, truth) == {"iou": 0.75, "worst": 0.5}


def test_the_stage_draws_learns_and_judges() -> None:
    stage = person_stage(CACHE.photos, CACHE.masks, CACHE.photo_points, 1)
    batch = stage.draw(3, np.random.default_rng(0))
    assert batch[0].shape == (3, 3, SIDE_PX, SIDE_PX) and batch[1].shape == (3, 1, SIDE_PX, SIDE_PX)
    optimizer = torch.optim.Adam(stage.net.parameters(), 3e-3)
    losses = []
    for _ in range(4):
        loss = stage.loss(stage.net, batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    judged = stage.judge(stage.net)
    assert 0 <= judged["worst"] <= judged["iou"] <= 1
