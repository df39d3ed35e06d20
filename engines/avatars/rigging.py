"""Lays the rig onto a head: its scale there, its offsets, and the smile the head wears already.

At onboarding; any thread, pure arithmetic.
Never touches a pixel.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.matte import smoothstep
from engines.render import landmarks as lm
from engines.render.rig import Rig
from engines.values import ARKIT_NAMES, F32

_MOUTH = ("mouth", "jaw")
_OPENING = ("jawOpen", "mouthUpperUp", "mouthLowerDown", "mouthFunnel")


def head_axes(points: F32) -> F32:
    """Landmarks with y up and z toward the camera."""
    out: F32 = points * np.array([1, -1, -1], np.float32)
    return out


def umeyama(source: F32, target: F32) -> tuple[float, F32, F32]:
    """Similarity (scale, rotation, shift) taking f32[N,3] to f32[N,3] (Umeyama, PAMI 1991)."""
    mean_s, mean_t = source.mean(0), target.mean(0)
    a, b = source - mean_s, target - mean_t
    u, d, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float((d * sign).sum() / (a * a).sum())
    shift = mean_t - scale * rotation @ mean_s
    return scale, rotation.astype(np.float32), shift.astype(np.float32)


def carry(rig: Rig, head: F32) -> tuple[float, F32]:
    """The rig's scale on this head and its offsets there, f32[52,468,3] px in head axes.

    Mouth shapes grow with the person's mouth: the rig's own is narrow. How far lips part does not:
    a wide mouth says the same words with the same gap.
    """
    face = head[: lm.MESH_POINTS]
    inner = np.setdiff1d(np.arange(lm.MESH_POINTS), rig.oval)
    scale, rotation, _ = umeyama(rig.neutral[inner], face[inner])
    deltas = scale * rig.deltas @ rotation.T
    corners = [lm.MOUTH_LEFT, lm.MOUTH_RIGHT]
    mouth = float(np.linalg.norm(np.subtract(*face[corners])))
    ratio = mouth / (scale * float(np.linalg.norm(np.subtract(*rig.neutral[corners]))))
    ratio = float(np.clip(ratio, 0.9, 1.42))
    distance = np.linalg.norm((face - face[corners].mean(0))[:, :2], axis=1) / mouth
    gain = 1 + (ratio - 1) * smoothstep(1.6 - distance)
    for i, name in enumerate(ARKIT_NAMES):
        if name.startswith(_MOUTH):
            upright = 1 if name.startswith(_OPENING) else gain
            deltas[i] *= np.stack([gain, upright * np.ones_like(gain), gain], 1)
    return scale, deltas.astype(np.float32)


def resting_smile(rig: Rig, head: F32) -> F32:
    """f32[2] how far the photo already smiles (person's left, right): ridge least squares.

    Only the smile is reliable from one photo; it is used as headroom.
    """
    face = head[: lm.MESH_POINTS]
    scale, rotation, shift = umeyama(rig.neutral, face)
    residual = ((face - shift) @ rotation / scale - rig.neutral).ravel()
    names = ["mouthSmileLeft", "mouthSmileRight", "jawOpen", "mouthPucker", "browInnerUp"]
    shapes = rig.deltas[[ARKIT_NAMES.index(n) for n in names]].reshape(len(names), -1)
    modes = rig.identity.reshape(len(rig.identity), -1)
    basis = np.concatenate([shapes, modes]).T
    ridge = np.diag(np.r_[np.full(len(names), 2.0), np.full(len(modes), 6.0)])
    found = np.linalg.solve(basis.T @ basis + ridge, basis.T @ residual)
    return np.clip(found[:2], 0, 0.9).astype(np.float32)
