"""Stock, losses and figures of the scene net."""

from __future__ import annotations

import numpy as np
import torch

from export.data.face_drawn import drawn_cache
from export.data.face_scenes import SCENE_PX, halved
from export.train.face_scene import (
    draw,
    faces_loss,
    figures,
    flipped,
    make_stock,
    moved,
    person_loss,
    scene_loss,
    scene_stage,
)

CACHE = drawn_cache(6, 2)
PEOPLE = halved(CACHE.photos, CACHE.masks, CACHE.photo_points)
STOCK = make_stock(PEOPLE, 12, 1)


def test_a_stock_has_faces_and_empty_scenes() -> None:
    counts = [len(f) for f in STOCK.faces]
    assert 0 in counts and max(counts) >= 1
    assert STOCK.images.shape == (12, SCENE_PX, SCENE_PX, 3)


def test_a_flip_keeps_left_left_and_comes_back() -> None:
    face = np.array([[[50, 60], [90, 62], [70, 100]]], np.float32)
    once = flipped(face)
    assert once[0, 0, 0] < once[0, 1, 0]
    assert np.allclose(flipped(once), face)


def test_a_moved_scene_moves_its_faces_and_its_person() -> None:
    image = np.zeros((SCENE_PX, SCENE_PX, 3), np.uint8)
    image[118:138, 118:138] = 255
    face = np.array([[[118, 118], [138, 118], [128, 138]]], np.float32)
    picture, faces, person = moved(image, face, image[..., 0], np.random.default_rng(3))
    rows, columns = np.nonzero(picture[..., 0] > 127)
    middle = ((faces[0, 0] + faces[0, 1]) / 2 + faces[0, 2]) / 2
    assert abs(columns.mean() - middle[0]) < 1.5 and abs(rows.mean() - middle[1]) < 1.5
    assert np.array_equal(picture[..., 0], person)
    far = face + 126
    assert all(
        len(moved(image, far, image[..., 0], np.random.default_rng(s))[1]) <= 1 for s in range(9)
    )


def test_the_right_answer_costs_little() -> None:
    batch = draw(STOCK, 8, np.random.default_rng(0))
    _, heat, points, weight, person = batch
    logit = torch.where(heat > 0.98, 9.0, -9.0)
    right = torch.cat([logit[:, None], points], 1)
    wrong = torch.cat([-logit[:, None], points + 1], 1)
    assert faces_loss(right, heat, points, weight) < 0.05
    assert faces_loss(wrong, heat, points, weight) > 10
    sharp = torch.where(person > 0.5, 9.0, -9.0)
    assert person_loss(sharp, person) < person_loss(-sharp, person) / 10
    held = draw(STOCK, 12, np.random.default_rng(0), change=False)
    known = torch.cat([torch.where(held[1] > 0.98, 9.0, -9.0)[:, None], held[2]], 1)
    rows = figures(known, torch.where(held[4] > 0.5, 9.0, -9.0), held)
    assert rows["found"] == 1 and rows["false"] == 0 and rows["iou"] == 1


def test_the_stage_learns_something_in_a_few_steps() -> None:
    torch.set_num_threads(1)
    stage = scene_stage(PEOPLE, PEOPLE, 8, 1)
    optimizer = torch.optim.Adam(stage.net.parameters(), 2e-3)
    stage.net.train()
    values = []
    for step in range(8):
        loss = scene_loss(stage.net, stage.draw(4, np.random.default_rng(step)))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        values.append(float(loss.detach()))
    assert np.mean(values[-3:]) < np.mean(values[:2])
    assert set(stage.judge(stage.net.eval())) == {"found", "false", "iou", "mae"}
