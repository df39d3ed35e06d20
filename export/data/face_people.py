"""More people for scenes: the same portraits with heads turned, and with something in front.

Offline; pure but for the generator handed in.
Never makes a new identity: rows come in the order of the portraits given.
"""

from __future__ import annotations

import numpy as np

from engines.face.frame import MESH_SIZE, Frame, frame_of
from engines.render.cv import cv2
from engines.values import F32, U8
from export.data.face_occluders import Draw
from export.data.face_occlusion import OcclusionSampler, labels, put_in, shares
from export.data.face_scenes import People
from export.data.face_turned import random_turns
from export.data.face_wear import beard
from export.data.faces import BASE_PX, BASE_SIDE, Faces, base_crop


def varied(people: People, rng: np.random.Generator) -> People:
    """Each portrait as it is, turned once, covered once: three times as many rows."""
    photos, masks, points = [people.photos], [people.masks], [people.points]
    for change in (_turned, _covered):
        made = [change(people, row, rng) for row in range(len(people.photos))]
        photos.append(np.stack([m[0] for m in made]))
        masks.append(np.stack([m[1] for m in made]))
        points.append(np.stack([m[2] for m in made]))
    return People(np.concatenate(photos), np.concatenate(masks), np.concatenate(points))


def _turned(people: People, row: int, rng: np.random.Generator) -> tuple[U8, U8, F32]:
    both = np.dstack([people.photos[row], people.masks[row]])
    turned = random_turns(both, people.points[row], 1, rng)[0]
    image = np.ascontiguousarray(turned.image)
    return image[..., :3], image[..., 3], turned.points


def _covered(people: People, row: int, rng: np.random.Generator) -> tuple[U8, U8, F32]:
    """Whatever is before the face counts as person: it moves with them."""
    photo, mask, points, _ = covered(people, row, rng)
    return photo, mask, points


def covered(
    people: People, row: int, rng: np.random.Generator, kind: Draw | None = None
) -> tuple[U8, U8, F32, F32]:
    """Photo, mask and points with something before the face, and what it hides (labels)."""
    photo, points = people.photos[row], people.points[row]
    crop, near = base_crop(photo, points)
    sampler = OcclusionSampler(Faces(crop[None], near[None], np.zeros(1, np.int64)), people.photos)
    colour, alpha = sampler.layer(0, rng, kind)
    hides = labels(shares(alpha * (kind is not beard), near))
    at = frame_of(points)
    matrix = Frame(at.centre, at.unit * BASE_SIDE / MESH_SIZE, at.angle).matrix(BASE_PX)
    size, flags = (photo.shape[1], photo.shape[0]), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    colour, alpha = (cv2.warpAffine(a, matrix, size, flags=flags) for a in (colour, alpha))
    mask = np.maximum(people.masks[row], (alpha * 255).astype(np.uint8))
    return put_in(photo, (colour, alpha), rng), mask, points, hides
