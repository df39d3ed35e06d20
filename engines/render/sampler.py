"""The few-step sampler: from fixed noise to a residual, along straight lines.

Engine thread and training alike (numpy or torch arrays, the same arithmetic); pure.
Never draws noise by itself while sampling: a session's noise is fixed, so texture does not boil.

Rectified flow (Liu, Gong, Liu, Flow Straight and Fast, 2023) on residuals, by a net that predicts
the residual itself: x_t = (1 - t) x_0 + t SIGMA e, whose speed is (x_t - x_0) / t.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import numpy as np

from engines.values import F32

SIGMA = 0.15
"""Spread of the noise at t = 1, in units of the residual (half the range of levels is 1)."""
MAX_STEPS = 64

Array = TypeVar("Array", F32, Any)
"""A numpy array or a torch tensor."""


def times(steps: int) -> tuple[float, ...]:
    """When each step begins, 1 first, and where the last one ends: 0.

    Raises ValueError outside 1..MAX_STEPS.
    """
    if not 1 <= steps <= MAX_STEPS:
        raise ValueError(f"steps: wanted 1 to {MAX_STEPS}, got {steps}")
    return tuple(1.0 - i / steps for i in range(steps)) + (0.0,)


def noised(clean: Array, noise: Array, time: Array | float) -> Array:
    """The point x_t of a residual and standard normal noise of its shape; time in [0,1]."""
    return (1 - time) * clean + (time * SIGMA) * noise


def step(current: Array, clean: Array, time: float, after: float) -> Array:
    """From x_t to the point at `after` < `time`, given the residual that the net sees in x_t."""
    kept = after / time
    return kept * current + (1 - kept) * clean


def start(noise: Array) -> Array:
    """The point at t = 1 of standard normal noise."""
    return noise * SIGMA


def sampling(noise: Array, steps: int) -> Generator[tuple[Array, float], Array, Array]:
    """The residual drawn out of standard normal noise in so many steps, step by step.

    Yields (x_t, t), is sent what the net sees there. One step is the prediction at t = 1.
    Raises ValueError for steps outside 1..MAX_STEPS.
    """
    begins = times(steps)
    current: Array = start(noise)
    for now, after in zip(begins, begins[1:], strict=False):
        clean = yield current, now
        current = step(current, clean, now, after)
    return current


def sample(predict: Callable[[Array, float], Array], noise: Array, steps: int) -> Array:
    """What `sampling` draws with `predict(x_t, t)`. Raises ValueError as there."""
    drawing = sampling(noise, steps)
    try:
        asked = next(drawing)
        while True:
            asked = drawing.send(predict(*asked))
    except StopIteration as done:
        drawn: Array = done.value
        return drawn


def session_noise(seed: int, shape: tuple[int, ...]) -> F32:
    """Standard normal noise f32[shape] of a session: the same for each of its frames."""
    rng = np.random.default_rng((seed, 0x6E6F697365))
    return rng.standard_normal(shape, dtype=np.float32)
