"""The motion net: its flow inverts, it is causal, and one frame at a time gives the whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from export.nets.motion import BLOCK, MotionNet, MotionNetConfig, StepNet

CONFIG = MotionNetConfig(channels=5, conditions=7, hidden=12, latent=6, couplings=3)


def net(flow: bool = True) -> MotionNet:
    torch.manual_seed(3)
    made = MotionNet(replace(CONFIG, flow=flow))
    for part in made.parameters():
        # Couplings begin as the identity: shake them, or nothing is tested.
        torch.nn.init.normal_(part, std=0.25)
    return made.eval()


def test_the_flow_inverts() -> None:
    flow = net().flow
    z, condition = torch.randn(1, 6, 9), torch.randn(1, 12, 9)
    u = flow(z, condition)
    assert not torch.allclose(u, z)
    before = [torch.zeros(1, 3, 1) for _ in range(3)]
    back, _ = flow.inverse(u, condition, before)
    assert torch.allclose(back, z, atol=1e-5)


def test_the_flow_inverts_block_by_block() -> None:
    flow = net().flow
    z, condition = torch.randn(1, 6, 9), torch.randn(1, 12, 9)
    u = flow(z, condition)
    left = [torch.zeros(1, 3, 1) for _ in range(3)]
    for k in range(9):
        part, left = flow.inverse(u[:, :, k : k + 1], condition[:, :, k : k + 1], left)
        assert torch.allclose(part, z[:, :, k : k + 1], atol=1e-5)


def test_the_flow_keeps_volume() -> None:
    flow = net().flow
    condition = torch.randn(1, 12, 2)

    def flat(z: torch.Tensor) -> torch.Tensor:
        moved: torch.Tensor = flow(z.reshape(1, 6, 2), condition)
        return moved.reshape(-1)

    jacobian = torch.func.jacrev(flat)(torch.randn(12))
    assert torch.isclose(torch.linalg.det(jacobian).abs(), torch.tensor(1.0), atol=1e-4)


@pytest.mark.parametrize("flow", [True, False])
def test_frame_by_frame_gives_the_whole(flow: bool) -> None:
    model = net(flow=flow)
    frames = 5 * BLOCK
    conditions = torch.randn(1, frames, 7)
    noise = torch.randn(1, 6, 5)
    step = StepNet(model, torch.zeros(5), torch.ones(5)).eval()
    state = torch.zeros(1, step.state_size)
    rows = []
    for i in range(frames):
        phase = torch.eye(BLOCK)[i % BLOCK][None]
        row, state = step(conditions[:, i], noise[:, :, i // BLOCK], phase, state)
        rows.append(row)
    streamed = torch.stack(rows, dim=2)

    past = torch.cat([torch.zeros(1, 5, 1), streamed[:, :, BLOCK - 1 : -1 : BLOCK]], dim=2)
    heard, _ = model.listen.run(
        conditions.transpose(1, 2), model.listen.fresh(conditions.transpose(1, 2))
    )
    known = model.blocks(heard, past)
    left = [torch.zeros(1, 3, 1) for _ in model.flow.steps]
    z, _ = model.flow.inverse(noise, known, left)
    whole, _ = model.decode(z + model.prior_mean(known), heard, past, model.speak.fresh(heard))
    assert torch.allclose(streamed, whole, atol=1e-4)


def test_a_regression_has_one_answer() -> None:
    model = MotionNet(replace(CONFIG, flow=False, regression=True)).eval()
    given = torch.randn(2, 16, 5), torch.randn(2, 16, 7), torch.randn(2, 4, 5)
    one, other = model(*given), model(*given)
    assert torch.equal(one["motion"], other["motion"])
    assert not one["kl"].any()
    step = StepNet(model, torch.zeros(5), torch.ones(5)).eval()
    phase, state = torch.eye(BLOCK)[:1], torch.zeros(1, step.state_size)
    rows = [step(torch.ones(1, 7), torch.randn(1, 6), phase, state)[0] for _ in range(2)]
    assert torch.equal(*rows), "the noise must not reach the face"


def test_what_comes_later_changes_nothing() -> None:
    model = net()
    x = torch.randn(1, 7, 24)
    a, _ = model.listen.run(x, model.listen.fresh(x))
    y = x.clone()
    y[:, :, 12:] += 1.0
    b, _ = model.listen.run(y, model.listen.fresh(y))
    assert torch.allclose(a[:, :, :12], b[:, :, :12])
    assert not torch.allclose(a[:, :, 12:], b[:, :, 12:])


def test_a_training_pass_gives_what_the_loss_needs() -> None:
    out = net()(torch.randn(2, 16, 5), torch.randn(2, 16, 7), torch.randn(2, 4, 5))
    assert out["motion"].shape == (2, 16, 5)
    assert out["kl"].shape == (2, 4)
