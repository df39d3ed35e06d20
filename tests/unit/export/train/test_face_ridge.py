"""The closed-form layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from export.nets.face import PointNet
from export.train.face_ridge import features, mend, solve


def test_a_linear_law_is_found() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(2, 1, (400, 6)).astype(np.float32)
    law, bias = rng.normal(0, 1, (6, 3)), np.array([1.0, -2.0, 0.5])
    weight, found = solve(x, (x @ law + bias).astype(np.float32), [1e-6])[0]
    assert np.allclose(weight, law, atol=1e-3)
    assert np.allclose(found, bias, atol=1e-2)
    strong, _ = solve(x, (x @ law + bias).astype(np.float32), [100.0])[0]
    assert np.abs(strong).max() < 0.1 * np.abs(law).max()


def test_few_crops_and_many_features_give_the_same_answer() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, (20, 30)).astype(np.float32)
    y = rng.normal(0, 1, (20, 2)).astype(np.float32)
    weight, bias = solve(x, y, [0.5])[0]
    centred = x - x.mean(0)
    power = np.square(centred).mean()
    gram = centred.T @ centred / 20 + 0.5 * power * np.eye(30)
    wanted = np.linalg.solve(gram, centred.T @ (y - y.mean(0)) / 20)
    assert np.allclose(weight, wanted, atol=1e-4)
    assert np.allclose(bias, y.mean(0) - x.mean(0) @ wanted, atol=1e-3)


def test_mending_halves_what_a_raw_net_misses() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(1)
    net = PointNet(64, 4, 6, (8, 8, 8), 8).eval()

    def crops(count: int) -> tuple[np.ndarray, np.ndarray]:
        images = np.full((count, 64, 64, 3), 30, np.uint8)
        at = rng.uniform(0.25, 0.75, (count, 2))
        for image, (x, y) in zip(images, at, strict=True):
            image[int(y * 64) - 6 : int(y * 64) + 6, int(x * 64) - 6 : int(x * 64) + 6] = 220
        points = np.zeros((count, 4, 3), np.float32)
        points[..., :2] = at[:, None] - 0.5
        return images, points

    told = mend(net, crops(300), crops(60))
    assert told["after"] < 0.5 * told["before"]
    images, points = crops(20)
    with torch.no_grad():
        from export.train.face import pictures

        fine = net.both(pictures(images))[1].numpy()
    error = np.linalg.norm((fine - points)[..., :2], axis=-1).mean()
    assert error == pytest.approx(told["after"], rel=0.6)
    flat, out = features(net, images)
    assert flat.shape == (20, 8 * 16) and out.shape == (20, 12)
