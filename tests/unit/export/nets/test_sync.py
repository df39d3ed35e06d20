"""The sync expert's net: unit vectors, its loss, and gradients down to drawn boxes."""

from __future__ import annotations

import torch

from engines.render.boxes import MOUTH
from export.nets.sync import FRAMES, HEIGHT, ROWS, WIDTH, SyncNet, SyncNetConfig, centred, grey

TINY = SyncNetConfig(4, 8, 0.0)


def test_towers_meet_on_the_unit_sphere() -> None:
    torch.manual_seed(1)
    net = SyncNet(TINY).eval()
    seen = net.see(torch.randn(3, FRAMES, HEIGHT, WIDTH))
    heard = net.hear(torch.randn(3, ROWS, 80))
    assert seen.shape == heard.shape == (3, TINY.size)
    assert torch.allclose(seen.norm(dim=1), torch.ones(3), atol=1e-5)
    assert torch.allclose(heard.norm(dim=1), torch.ones(3), atol=1e-5)


def test_grey_is_the_box_at_half_size() -> None:
    boxes = torch.zeros(1, 3, *MOUTH.shape)
    boxes[:, :, :, : MOUTH.width // 2] = 1.0
    out = grey(boxes)
    assert out.shape == (1, HEIGHT, WIDTH)
    assert torch.allclose(out[..., : WIDTH // 2], torch.ones(1), atol=1e-5)
    assert not out[..., WIDTH // 2 :].any()


def test_centring_takes_skin_and_light_away() -> None:
    torch.manual_seed(2)
    mouths, skin = torch.randn(2, FRAMES, HEIGHT, WIDTH), torch.randn(HEIGHT, WIDTH)
    plain = centred(mouths, torch.zeros(HEIGHT, WIDTH))
    other = centred(mouths * 3 + skin, skin)
    assert torch.allclose(plain, other, rtol=0.03, atol=0.01)


def test_gradients_reach_the_drawn_box() -> None:
    torch.manual_seed(3)
    net = SyncNet(TINY).eval()
    drawn = torch.randn(FRAMES, 3, *MOUTH.shape, requires_grad=True)
    mouths = centred(grey(drawn)[None], torch.zeros(HEIGHT, WIDTH))
    loss = net.contrast(torch.cat([mouths, -mouths]), torch.randn(2, ROWS, 80))
    loss.backward()  # type: ignore[no-untyped-call]
    assert drawn.grad is not None and float(drawn.grad.abs().sum()) > 0
