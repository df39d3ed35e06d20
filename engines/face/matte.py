"""What is person: two nets' guess, cut along the photo's colours and edges.

Any thread; no state. At onboarding, a tenth of a second.
Never cuts out a face: hair, neck and shoulders belong to the person.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.matte import guided
from engines.face.person import person_near
from engines.face.weights import FaceNets
from engines.render.cv import cv2
from engines.values import F32, U8

SIDE_PX = 256
SURE = 0.1
"""The nets' word is taken where it is this sure; colours decide between."""
DENIED = 0.25
"""Where the guess, smoothed, is less, there is nobody."""
_AROUND_PX = 4
ROUNDS = 2
REACH = 1 / 90
"""Radius of the edge-keeping smoothing as a share of the longer side (6 px at 512)."""
EDGE = 1e-3
"""Contrast (squared, of full scale) from which the photo's edge leads."""
_SEED = 1
_MIN_SHARE = 0.01
"""Of the picture that must be surely person, and surely not, for colours to be learned."""


def person_mask(image: U8, points: F32, nets: FaceNets) -> F32:
    """f32[H,W] in [0, 1]: the person whose face has the mesh f32[478,3] px 1, all else 0.

    image u8[H,W,3] BGR.
    """
    height, width = image.shape[:2]
    shrink = cv2.INTER_AREA if min(height, width) > SIDE_PX else cv2.INTER_LINEAR
    small: U8 = cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=shrink)
    chance = guess(small, nets)
    near, counts = person_near(image, points, SIDE_PX, nets)
    soft = cut_by_colour(small, chance + counts * (near - chance))
    full = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC)
    return to_edges(image, full)


def guess(small: U8, nets: FaceNets) -> F32:
    """The scene net's mask f32[256,256] of u8[256,256,3]: the mean with its mirror's."""
    both = nets.run("scene", np.stack([small, small[:, ::-1]]), "person")[:, 0]
    chance = 1 / (1 + np.exp(-both))
    out: F32 = ((chance[0] + chance[1][:, ::-1]) / 2).astype(np.float32)
    return out


def cut_by_colour(small: U8, chance: F32) -> F32:
    """A cut along colours (GrabCut: Rother, Kolmogorov, Blake 2004) led by the nets' guess.

    The guess itself comes back when there is too little of the person or of the background.
    """
    sure_in, sure_out = chance > 1 - SURE, chance < SURE
    if min(sure_in.mean(), sure_out.mean()) < _MIN_SHARE:
        return chance
    probable = np.where(chance > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
    labels = np.where(sure_in, cv2.GC_FGD, np.where(sure_out, cv2.GC_BGD, probable))
    labels = labels.astype(np.uint8)
    # Its colour clusters start at random: a fixed seed gives the same photo the same mask.
    cv2.setRNGSeed(_SEED)
    cv2.grabCut(
        small, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK
    )
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    # A dark door is no dark hair: colours may fetch what the net doubts, not what it denies.
    inside &= cv2.GaussianBlur(chance, (0, 0), _AROUND_PX) > DENIED
    out: F32 = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1.0)
    return out


def to_edges(image: U8, mask: F32) -> F32:
    """A mask f32[H,W] with its edge moved to the photo's own edges."""
    grey = (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) / 255).astype(np.float32)
    radius = max(2, round(max(image.shape[:2]) * REACH))
    out: F32 = guided(grey, mask, radius, EDGE).clip(0, 1).astype(np.float32)
    return out
