"""What a drawn box is judged by while it is trained: levels, edges, colour and steepness.

Offline, torch; pure.
Never counts what pasting hides: weights fall with the fade at the edge of a box.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engines.render.boxes import KINDS, fade

IN_OPENING = 5.0
"""What a pixel of the opening and about it counts, against 1 outside."""
EDGES = 0.5
_LEAST = 0.1
_REACH = 3
"""Blocks of 4 pixels by which the opening is widened."""
_PATCH = 8
"""Pixels a side of the patches that steepness is compared in; they overlap by half."""
_GREY = (0.114, 0.587, 0.299)


def fade_of(box: str) -> Tensor:
    """f32[1,1,h,w]: how much of a residual is pasted."""
    return torch.from_numpy(fade(KINDS[box]).astype(np.float32))[None, None]


def widened(opening: Tensor) -> Tensor:
    """f32[N,1,h,w]: the opening and 4 to 8 pixels about it, found on blocks of 4 pixels."""
    coarse = functional.max_pool2d(opening, 4)
    wide = functional.max_pool2d(coarse, (_REACH, 1), stride=1, padding=(_REACH // 2, 0))
    wide = functional.max_pool2d(wide, (1, _REACH), stride=1, padding=(0, _REACH // 2))
    return functional.interpolate(wide, scale_factor=4.0, mode="nearest")


def weights(masks: Tensor, pasted: Tensor) -> Tensor:
    """f32[N,1,h,w] from masks f32[N,2,h,w] and `fade_of`; their mean is about 1."""
    inside = widened(masks[:, :1])
    weight = (_LEAST + (1 - _LEAST) * pasted) * (1 + (IN_OPENING - 1) * inside)
    return weight / weight.mean(dim=(1, 2, 3), keepdim=True)


def drawn_loss(drawn: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """L1 and EDGES times the L1 of differences, of residuals f32[N,3,h,w]; f32[N]."""
    error = drawn - truth
    across = (error[..., :, 1:] - error[..., :, :-1]).abs() * weight[..., :, 1:]
    down = (error[..., 1:, :] - error[..., :-1, :]).abs() * weight[..., 1:, :]
    level = (error.abs() * weight).mean(dim=(1, 2, 3))
    return level + EDGES * (across.mean(dim=(1, 2, 3)) + down.mean(dim=(1, 2, 3)))


def tint_loss(drawn: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """L1 of what two residuals f32[N,3,h,w] BGR differ by in colour, over 4 x 4 pixels; f32[N].

    Green against red, and blue against both: a tint is small beside the error of light that levels
    see, and a median of several tints is another colour.
    """
    error = functional.avg_pool2d((drawn - truth) * weight, 4)
    blue, green, red = error.unbind(1)
    return ((red - green).abs() + (blue - (red + green) / 2).abs()).mean(dim=(1, 2))


def steepness_loss(drawn: Tensor, truth: Tensor, masks: Tensor) -> Tensor:
    """L1 of how steep two pictures f32[N,3,h,w] are, patch by patch, where masks are set; f32[N].

    Steep is the mean step from pixel to pixel of the grey picture. L1 of levels draws a median,
    which is flat where an edge may lie here or there; this asks for as much edge, not where.
    """
    marked = _patches(masks.amax(1, keepdim=True))
    away = (_patches(_steps(drawn)) - _patches(_steps(truth))).abs()
    return (away * marked).sum(dim=(1, 2, 3)) / marked.sum(dim=(1, 2, 3)).clamp(min=1)


def _patches(planes: Tensor) -> Tensor:
    return functional.avg_pool2d(planes, _PATCH, _PATCH // 2)


def _steps(pictures: Tensor) -> Tensor:
    """f32[N,1,h,w]: steps to the next pixel across and down, of grey."""
    grey = (pictures * pictures.new_tensor(_GREY)[:, None, None]).sum(1, keepdim=True)
    across = functional.pad((grey[..., :, 1:] - grey[..., :, :-1]).abs(), (0, 1))
    down = functional.pad((grey[..., 1:, :] - grey[..., :-1, :]).abs(), (0, 0, 0, 1))
    return across + down
