"""The stage that trains the scene net: faces and person masks in made-up scenes.

Offline; CPU or GPU unchanged.
Never draws a scene while training: a seeded stock is made first and shown flipped and relit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engines.render.cv import cv2
from engines.values import F32, U8
from export.data.face_scenes import SCENE_PX, People, detector_target, scene
from export.nets.face import STRIDE, SceneNet
from export.train.face import Batch, Stage, pictures

POINTS_LOSS = 0.5
PERSON_LOSS = 2.0
LYING = 0.12
"""Share of scenes turned by quarters, their faces not to be found."""


@dataclass(frozen=True, slots=True)
class Stock:
    """Scenes drawn beforehand."""

    images: U8
    faces: list[F32]
    person: U8


def make_stock(people: People, count: int, seed: int) -> Stock:
    """`count` scenes, half of them with a face large enough for a portrait."""
    rng = np.random.default_rng((seed, 31))
    scenes = []
    for i in range(count):
        large = i % 2 == 0
        scenes.append(
            scene(people, rng, empty=0.1, units=(16.0, 64.0)) if large
            else scene(people, rng, empty=0.5)
        )  # fmt: skip
    return Stock(
        np.stack([s.image for s in scenes]),
        [s.faces for s in scenes],
        np.stack([s.person for s in scenes]),
    )


def flipped(faces: F32) -> F32:
    """Faces f32[F,3,2] of the mirrored scene."""
    out = faces[:, [1, 0, 2]] * np.array([-1, 1], np.float32)
    out[..., 0] += SCENE_PX - 1
    return out.astype(np.float32)


def moved(image: U8, faces: F32, person: U8, rng: np.random.Generator) -> tuple[U8, F32, U8]:
    """The scene nearer or further and shifted; faces whose middle leaves it are dropped."""
    scale = float(np.exp(rng.uniform(-0.2, 0.2)))
    shift = (1 - scale) * SCENE_PX / 2 + rng.uniform(-0.1, 0.1, 2) * SCENE_PX
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
    size = (SCENE_PX, SCENE_PX)
    picture = cv2.warpAffine(
        np.ascontiguousarray(image), matrix, size, borderMode=cv2.BORDER_REPLICATE
    )
    mask = cv2.warpAffine(
        np.ascontiguousarray(person), matrix, size, borderMode=cv2.BORDER_REPLICATE
    )
    points = faces * np.float32(scale) + shift.astype(np.float32)
    middle = ((points[:, 0] + points[:, 1]) / 2 + points[:, 2]) / 2
    inside = ((middle > 0) & (middle < SCENE_PX - 1)).all(1)
    return picture, points[inside].astype(np.float32), mask


def draw(stock: Stock, count: int, rng: np.random.Generator, *, change: bool = True) -> Batch:
    """Pictures, heat, points, weight and person of `count` scenes of the stock."""
    rows = rng.choice(len(stock.images), count, replace=count > len(stock.images))
    images, targets, people = [], [], []
    for row in rows:
        image, faces, person = stock.images[row], stock.faces[row], stock.person[row]
        if change and rng.random() < 0.5:
            image, faces, person = image[:, ::-1], flipped(faces), person[:, ::-1]
        if change and rng.random() < LYING:
            # A face that lies is none: its mesh would be garbage, and photos can be turned.
            quarters = int(rng.integers(1, 4))
            image, person = np.rot90(image, quarters), np.rot90(person, quarters)
            faces = faces[:0]
        if change:
            image, faces, person = moved(image, faces, person, rng)
            gain = np.exp(rng.normal(0, 0.15, 3)).astype(np.float32)
            image = np.clip(image * gain, 0, 255).astype(np.uint8)
        images.append(image)
        targets.append(detector_target(faces, STRIDE))
        people.append(person)
    packed = [torch.from_numpy(np.stack([t[i] for t in targets])) for i in range(3)]
    person = torch.from_numpy(np.stack(people)).float()[:, None] / 255
    return (pictures(np.stack(images)), *packed, person)


def faces_loss(out: Tensor, heat: Tensor, points: Tensor, weight: Tensor) -> Tensor:
    """CornerNet's focal loss (Law, Deng 2018): near misses around a middle cost little."""
    logit = out[:, 0]
    chance = torch.sigmoid(logit)
    hit = heat > 0.98
    soft = nn.functional.logsigmoid
    good = -((1 - chance) ** 2 * soft(logit))[hit].sum()
    bad = -((1 - heat) ** 4 * chance**2 * soft(-logit))[~hit].sum()
    away = ((out[:, 1:] - points).abs() * weight[:, None]).sum()
    away = away / (weight > 0).sum().clamp(min=1)
    value: Tensor = (good + bad) / hit.sum().clamp(min=1) + POINTS_LOSS * away
    return value


def person_loss(logit: Tensor, person: Tensor) -> Tensor:
    """Cross entropy, plain distance and overlap together."""
    chance = torch.sigmoid(logit)
    both = (chance * person).sum((1, 2, 3))
    total = chance.sum((1, 2, 3)) + person.sum((1, 2, 3))
    dice = 1 - (2 * both + 50) / (total + 50)
    cross = nn.functional.binary_cross_entropy_with_logits(logit, person)
    return cross + (chance - person).abs().mean() + 0.3 * dice.mean()


def scene_loss(net: nn.Module, batch: Batch) -> Tensor:
    """Both answers' losses."""
    images, heat, points, weight, person = batch
    seen, logit = net(images)
    return faces_loss(seen, heat, points, weight) + PERSON_LOSS * person_loss(logit, person)


def figures(seen: Tensor, logit: Tensor, held: Batch) -> dict[str, float]:
    """Share of scenes with faces where one is found, false finds, IoU and MAE of the person."""
    top = torch.sigmoid(seen[:, 0]).flatten(1).max(1).values
    there = held[1].flatten(1).max(1).values > 0.98
    chance, truth = torch.sigmoid(logit), held[4] > 0.5
    union = ((chance > 0.5) | truth).sum((1, 2, 3)).clamp(min=1)
    overlap = ((chance > 0.5) & truth).sum((1, 2, 3)) / union
    return {
        "found": float((top[there] > 0.5).float().mean()),
        "false": float((top[~there] > 0.5).float().mean()),
        "iou": float(overlap[truth.sum((1, 2, 3)) > 1500].mean()),
        "mae": float((chance - held[4]).abs().mean()),
    }


def scene_stage(people: People, test: People, stock: int, seed: int) -> Stage:
    """The stage of the scene net."""
    torch.manual_seed(seed)
    train = make_stock(people, stock, seed)
    size = max(8, min(120, stock // 8))
    held = draw(make_stock(test, size, seed + 1), size, np.random.default_rng(2), change=False)

    def judge(net: nn.Module) -> dict[str, float]:
        device = next(net.parameters()).device
        with torch.no_grad():
            parts = [net(part.to(device)) for part in torch.split(held[0], 20)]
        seen = torch.cat([p[0].cpu() for p in parts])
        return figures(seen, torch.cat([p[1].cpu() for p in parts]), held)

    return Stage("scene", SceneNet(), lambda n, rng: draw(train, n, rng), scene_loss, judge)
