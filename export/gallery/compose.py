"""One portrait from a recipe: mean face, donors by region, banded blend, backdrop, finish.

Runs on the calling thread, about 20 s a portrait.
Never reads or writes a file itself.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from export.gallery import finish
from export.gallery.arrays import F32, U8, f32
from export.gallery.bands import blend, blur, join, mix, robust_mean, split
from export.gallery.donors import Donors, Person
from export.gallery.garment import dress, recloth, top_alpha
from export.gallery.hair import hair_mask, reshape, restyle
from export.gallery.recipes import Recipe
from export.gallery.regions import OVAL, body_part, face_parts, polygon, ramp, skin_likeness
from export.gallery.shape import CHIN, face_width
from export.gallery.sources import other_side
from export.gallery.tone import (
    cloth,
    even_cloth,
    even_rim,
    eye_light,
    jaw_shadow,
    match_neck,
    match_skin,
    matt,
    matt_rim,
)

# Share of the group mean inside the face, bands fine to coarse: pores and lashes stay the donors'.
MEAN_SHARE = (0.0, 0.12, 0.42, 0.72, 0.88, 0.94)
# Share of the second donor: fine bands never mix, or lashes and brows show twice.
SECOND_SHARE = (0.0, 0.0, 0.15, 0.3, 0.4, 0.4)


@dataclass(frozen=True, slots=True)
class Layers:
    """What a recipe is made of, on the target shape."""

    mean: F32  # Lab
    skin: F32  # Lab (3)
    hair: Person
    body: Person


def compose(recipe: Recipe, donors: Donors) -> tuple[U8, F32]:
    """The finished portrait, u8 (S, S, 3) BGR, and its matte, f32 (S, S) person 1."""
    layers = _layers(recipe, donors)
    lab, alpha, residual = _assemble(recipe, donors, layers)
    size = donors.size
    lab = eye_light(lab, donors.target, recipe.eye_light)
    lab = finish.pores(
        finish.calm_colour(lab), blur(skin_likeness(lab, layers.skin), 1.5), recipe.seed
    )
    lab = finish.key_light(finish.sharpen(finish.soften_highlights(lab)), 0.03)
    behind = finish.backdrop(size, recipe.backdrop)
    front = _wrap_light(finish.to_bgr(lab), alpha, behind)
    a = alpha[..., None]
    picture = a * front + (1 - a) * behind + residual
    picture = finish.grain(np.clip(picture, 0, 1).astype(np.float32), recipe.seed)
    return np.round(picture * 255).astype(np.uint8), alpha


def _layers(recipe: Recipe, donors: Donors) -> Layers:
    skin = donors.robust_skin(recipe.group)
    # Each with its mirror image: the mean's light is even on both sides.
    everyone = [n for g in recipe.group for n in (g, other_side(g))]
    mean = robust_mean([donors.face(n) + (skin - donors.skin(n)) for n in everyone])
    moved = reshape(donors.target, donors.size, recipe.style, recipe.seed)
    short = recipe.style.reach < 0  # lone hairs are not worth the risk of an old backdrop
    low, width = (0.2, 0.7) if short else (0.06, 0.86)
    hair = donors.person(recipe.hair, plain=recipe.plain_hair, low=low, width=width, moved=moved)
    likeness = skin_likeness(blur(hair.lab, 0.8), donors.skin(recipe.hair))
    hairy = hair_mask(hair.alpha, likeness, donors.target, recipe.style.reach)
    hair = replace(hair, lab=restyle(hair.lab, hairy, recipe.style, recipe.seed))
    if recipe.body == recipe.hair and recipe.cloth is None:
        body = hair
    else:
        body = donors.person(recipe.body, plain=recipe.plain_body, low=0.2, width=0.65, cloth=True)
    return Layers(mean, skin, hair, body)


def _assemble(recipe: Recipe, donors: Donors, layers: Layers) -> tuple[F32, F32, F32]:
    target, size = donors.target, donors.size
    parts = face_parts(target, size, recipe.eye_grow_px)
    inner = f32(np.sum(list(parts.values()), axis=0))
    over = _hair_over(recipe, donors, layers, inner)
    below = body_part(target, size, above_chin=recipe.body_above_chin)
    masks = [m * (1 - over) for m in parts.values()]
    outside = 1 - np.sum(masks, axis=0, dtype=np.float32)
    body_mask = outside * below * (1 - over)
    masks += [outside - body_mask, body_mask]
    regions = [_face_bands(donors, getattr(recipe, name), layers, name) for name in parts]
    hair = match_skin(layers.hair.lab, donors.skin(recipe.hair), layers.skin, recipe.even_chroma)
    regions.append(split(matt_rim(even_rim(hair, target, layers.skin), layers.skin)))
    regions.append(split(_body(recipe, donors, layers, hair)))
    lab = blend(regions, masks)
    soft = blur(below, 2.0)
    alpha = (1 - soft) * layers.hair.alpha + soft * layers.body.alpha
    alpha = np.maximum(alpha, blur(inner, 1.0)).astype(np.float32)
    s = soft[..., None]
    residual = (1 - s) * layers.hair.residual + s * layers.body.residual
    grey = residual.mean(-1, keepdims=True)  # lone hairs keep little of the old backdrop's tint
    residual = f32(0.3 * residual + 0.7 * grey)
    if recipe.top is None:
        return lab, alpha, residual
    lined, outline = top_alpha(lab, alpha, recipe.top, target)
    residual = f32(residual * (1 - blur(outline, 3.0))[..., None])
    return dress(lab, recipe.top, recipe.seed), lined, residual


def _body(recipe: Recipe, donors: Donors, layers: Layers, hair: F32) -> F32:
    """Lab of neck and clothes; `hair` is the hair donor's toned picture."""
    if layers.body is layers.hair:
        return hair
    raw, own, target = layers.body.lab, donors.skin(recipe.body), donors.target
    lab = match_skin(raw, own, layers.skin, recipe.even_chroma)
    lab = match_neck(lab, target, layers.skin, recipe.neck)
    collar = recipe.cloth.collar if recipe.cloth else 0.0
    clothes = cloth(raw, own, target, collar)[..., None]
    lab = even_cloth(clothes * raw + (1 - clothes) * lab, target, recipe.even_cloth)
    if recipe.cloth:
        lab = recloth(lab, f32(clothes[..., 0]), recipe.cloth, recipe.seed)
    return jaw_shadow(lab, target, recipe.jaw_shadow)


def _face_bands(donors: Donors, names: tuple[str, ...], layers: Layers, part: str) -> list[F32]:
    """Fine bands of the donors over the coarse bands of the group mean."""
    split_donors = [split(donors.face(n) + (layers.skin - donors.skin(n))) for n in names]
    bands = split_donors[0]
    if len(split_donors) > 1:
        bands = mix(bands, split_donors[1], SECOND_SHARE)
    bands = mix(bands, split(layers.mean), MEAN_SHARE)
    if part not in ("nose", "skin"):
        return bands
    lab = matt(join(bands), layers.skin)
    if part == "nose":  # the mean of many noses is redder than any
        lab[..., 1:] += 0.5 * (layers.skin[1:] - blur(f32(lab[..., 1:]), 8.0))
    return split(lab)


def _hair_over(recipe: Recipe, donors: Donors, layers: Layers, inner: F32) -> F32:
    """0-1: hair of the hair donor that lies over the edge of the face and stays on top."""
    if recipe.hair_over_px <= 0:
        return np.zeros_like(inner)
    oval = polygon(donors.target, OVAL, donors.size)
    depth = f32(cv2.distanceTransform((oval > 0.5).astype(np.uint8), cv2.DIST_L2, 5))
    own = donors.skin(recipe.hair)
    not_skin = 1 - skin_likeness(blur(layers.hair.lab, 0.8), own)
    dark = ramp(layers.hair.lab[..., 0], 0.72 * float(own[0]), 0.5 * float(own[0]))
    near = ramp(depth, recipe.hair_over_px, 0.5 * recipe.hair_over_px)
    width = face_width(donors.target)
    ys = np.mgrid[0 : donors.size, 0 : donors.size][0]
    chin = donors.target[CHIN, 1]
    side = ramp(ys.astype(np.float64), chin - 0.12 * width, chin - 0.3 * width)
    return f32(blur(np.minimum(not_skin, dark), 0.8) * near * side * (oval > 0))


def _wrap_light(front: F32, alpha: F32, behind: F32, amount: float = 0.12) -> F32:
    """A little of the backdrop's light around the outline, as a lens gives."""
    edge = blur(1 - alpha, 4.0) * alpha
    w = (amount * np.clip(edge * 2, 0, 1))[..., None]
    return f32((1 - w) * front + w * blur(behind, 8.0))
