"""Features and critic: nothing for the truth, more for worse, gradients where they belong."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from export.distill.losses import (
    FEATURES_FILE,
    Critic,
    Features,
    FeaturesMissing,
    about_opening,
    critic_loss,
    cut,
    matched,
)


@pytest.fixture
def truth() -> Tensor:
    torch.manual_seed(0)
    return torch.rand(2, 3, 32, 48) * 2 - 1


def test_features_know_the_truth_and_that_worse_is_further(truth: Tensor) -> None:
    torch.manual_seed(1)
    features = Features(8)
    noise = torch.randn_like(truth)
    near, far = (features.between(truth + a * noise, truth).mean() for a in (0.05, 0.4))
    assert features.between(truth, truth).abs().max() == 0
    assert 0 < float(near) < float(far)


def test_only_the_drawn_picture_is_moved_by_features(truth: Tensor) -> None:
    features = Features(8)
    drawn, goal = truth.clone().requires_grad_(), (truth * 0.5).requires_grad_()
    features.between(drawn, goal).sum().backward()  # type: ignore[no-untyped-call]
    assert drawn.grad is not None and drawn.grad.any() and goal.grad is None
    assert not any(p.requires_grad for p in features.parameters())


def test_features_are_read_from_the_data_folder(tmp_path: Path) -> None:
    with pytest.raises(FeaturesMissing, match="--data"):
        Features.load(tmp_path)
    stored = Features().layers.state_dict()
    path = tmp_path / FEATURES_FILE
    path.parent.mkdir()
    torch.save({name: value.half() for name, value in stored.items()}, path)
    loaded = Features.load(tmp_path).layers.state_dict()
    assert all(torch.allclose(loaded[n], stored[n], atol=2e-3) for n in stored)


def test_a_critic_learns_to_tell(truth: Tensor) -> None:
    torch.manual_seed(2)
    critic = Critic(16)
    drawn, masks = truth * 0.3, torch.zeros(2, 2, 32, 48)
    optimizer = torch.optim.AdamW(critic.parameters(), 2e-3)
    losses = []
    for _ in range(40):
        loss = critic_loss(critic(truth, drawn, masks)[0], critic(drawn, drawn, masks)[0])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]
    assert critic(truth, drawn, masks)[0].shape == (2, 1, 4, 6)


def test_hinges_are_quiet_when_the_critic_is_sure() -> None:
    sure = torch.full((1,), 2.0)
    assert float(critic_loss(sure, -sure)) == 0
    assert float(critic_loss(torch.zeros(1), torch.zeros(1))) == 2


def test_matching_moves_the_drawn_only() -> None:
    drawn, true = torch.ones(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    loss = matched([drawn], [true])
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == 1 and drawn.grad is not None and true.grad is None


def test_the_cut_follows_the_opening_and_stays_inside() -> None:
    masks = torch.zeros(3, 2, 48, 64)
    masks[0, 0, 10:14, 50:58] = 1
    masks[1, 0, 22:26, 28:36] = 1
    corners = about_opening(masks, (16, 24))
    assert corners[0][0] in (4, 8) and corners[0][1] == 40
    assert corners[1] == (16, 20)
    assert corners[2] == (16, 20)
    parts = cut(masks, corners, (16, 24))
    assert parts.shape == (3, 2, 16, 24)
    assert parts[1].sum() == masks[1].sum() and parts[0].sum() == masks[0].sum()
