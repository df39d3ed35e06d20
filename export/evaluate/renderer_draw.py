"""Draws the boxes of test pairs in different ways: floors, few steps, one conditioning less.

Offline; nets are given as ONNX sessions or as a checkpoint, both behind the same two functions.
Never lets a net see the truth: what came before is drawn by the net itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from engines.emotion.values import Z_SIZE
from engines.features import MEL_BINS
from engines.motion.style import STYLE_NAMES
from engines.render.boxes import Kind, fade
from engines.render.nets import LEVELS, as_input
from engines.render.sampler import sample, session_noise
from engines.values import F32, MOTION_SIZE, U8
from export.data.render_pairs import Pairs

FRAME, STILL = "motion frame", "still picture"
OFF = ("sound", "emotion", "manner", "motion", "reference", "previous")
"""What can be switched off."""
_ENDS = np.cumsum((MOTION_SIZE, MEL_BINS, Z_SIZE, len(STYLE_NAMES)))
_PARTS = {
    "motion": (slice(0, _ENDS[0]), None),
    "sound": (slice(_ENDS[0], _ENDS[1]), _ENDS[3]),
    "emotion": (slice(_ENDS[1], _ENDS[2]), _ENDS[3] + 1),
    "manner": (slice(_ENDS[2], _ENDS[3]), _ENDS[3] + 2),
}
_BATCH = 8


class BoxNets(Protocol):
    """What draws: `engines.render.nets.RendererNets`, or a checkpoint of one box."""

    def reference(self, kind: Kind, rest: U8, masks: U8) -> F32:
        """f32[N,24,h/4,w/4] of boxes at rest."""
        ...

    def residual(self, kind: Kind, feeds: dict[str, F32]) -> F32:
        """The clean residual f32[N,3,h,w] seen in `noised`."""
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """One way to draw; without nets, one of the floors."""

    name: str
    nets: BoxNets | None = None
    steps: int = 1
    plain: bool = False
    """A regressor: no noise, one step."""
    without: str = ""
    """One of OFF."""


def floors() -> list[Way]:
    """What a renderer has to beat."""
    return [Way(FRAME), Way(STILL)]


def switched_off(way: Way) -> list[Way]:
    """The same way with each conditioning left out in turn."""
    return [replace(way, name=f"{way.name}, no {name}", without=name) for name in OFF]


def draw(way: Way, kind: Kind, pairs: Pairs, seed: int = 0) -> U8:
    """u8[N,h,w,3]: each pair's box as it would be seen in the picture, faded at its edge."""
    if way.nets is None:
        return pairs.rest.copy() if way.name == STILL else pairs.picture.copy()
    out = [np.zeros((0, *kind.shape, 3), np.uint8)]
    for start in range(0, len(pairs), _BATCH):
        part = pairs.take(slice(start, start + _BATCH))
        residual = _residual(way, way.nets, kind, part, seed)
        out.append(pasted(kind, part.picture, residual))
    return np.concatenate(out)


def pasted(kind: Kind, pictures: U8, residual: F32) -> U8:
    """u8[N,h,w,3]: pictures with residuals f32[N,3,h,w] faded to nothing at the edge."""
    levels = residual.transpose(0, 2, 3, 1) * (LEVELS * fade(kind))[None, ..., None]
    return np.clip(np.rint(pictures + levels), 0, 255).astype(np.uint8)


def hidden(condition: F32, without: str) -> F32:
    """The vectors f32[N,212] with one cue told to be absent; unchanged for another name."""
    if without not in _PARTS:
        return condition
    part, flag = _PARTS[without]
    out = condition.copy()
    out[:, part] = 0
    if flag is not None:
        out[:, flag] = 0
    return out


def _residual(way: Way, nets: BoxNets, kind: Kind, pairs: Pairs, seed: int) -> F32:
    count = len(pairs)
    reference = nets.reference(kind, pairs.rest, pairs.rest_masks)
    if way.without == "reference":
        reference = np.zeros_like(reference)
    shape = (3, *kind.shape)
    noise = np.repeat(session_noise(seed, shape)[None], count, 0)
    none = np.zeros((count, *shape), np.float32)
    feeds: dict[str, F32] = {
        "picture": as_input(pairs.picture),
        "masks": pairs.masks.astype(np.float32) / np.float32(255),
        "previous": none,
        "condition": hidden(pairs.condition, way.without),
        "reference": reference,
    }
    if way.without != "previous" and pairs.has_previous.any():
        # The masks of the frame before are not kept; this one's are a frame off.
        earlier = {**feeds, "picture": as_input(pairs.previous_picture)}
        drawn = _sampled(way, nets, kind, earlier, noise)
        feeds["previous"] = drawn * pairs.has_previous[:, None, None, None]
    return _sampled(way, nets, kind, feeds, noise)


def _sampled(way: Way, nets: BoxNets, kind: Kind, feeds: dict[str, F32], noise: F32) -> F32:
    def predict(noised: F32, time: float) -> F32:
        at = np.full((len(noised), 1), time, np.float32)
        return nets.residual(kind, {**feeds, "noised": noised, "time": at})

    if way.plain:
        return predict(np.zeros_like(noise), 1.0)
    out: F32 = sample(predict, noise, way.steps)
    return out
