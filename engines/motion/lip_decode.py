"""Lip geometry to ARKit blendshapes: a small bounded least-squares solve per frame.

Pure; runs on the engine thread.
Never keeps state: the same geometry gives the same blendshapes.

The basis (what each shape does to each distance, in face heights) is measured on the rig the
pictures are warped by, so the lips that are drawn have the distances that were predicted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul

import numpy as np

from engines.values import ARKIT_NAMES, F32, MOTION_INDEX

SWEEPS = 24
"""Coordinate descent on at most a dozen unknowns; 24 sweeps leave errors below 1e-3."""


@dataclass(frozen=True, slots=True)
class LipShape:
    """One unknown of the solve: one or two ARKit shapes that move together."""

    names: tuple[str, ...]
    effect: F32
    """f32[G]: change of the geometry at value 1, in face heights."""
    limit: float
    stiffness: float
    """Cost of its square: how willingly it is used."""
    prior: Mapping[str, float]
    """Value that each viseme (at probability 1) pulls it to."""


class LipDecoder:
    """Decodes geometry f32[G], viseme probabilities f32[V] and lip seal to f32[52]."""

    def __init__(self, shapes: Sequence[LipShape], weights: F32, visemes: Sequence[str]) -> None:
        """`weights` f32[G]: importance of each distance. Raises ValueError on unknown names."""
        for shape in shapes:
            unknown = [name for name in shape.names if name not in ARKIT_NAMES]
            unknown += [name for name in shape.prior if name not in visemes]
            if unknown:
                raise ValueError(f"lip basis names unknown shapes or visemes: {unknown}")
        basis = np.stack([shape.effect for shape in shapes], axis=1).astype(np.float64)
        weighted = basis * np.asarray(weights, np.float64)[:, None]
        stiffness = np.array([shape.stiffness for shape in shapes])
        hessian = weighted.T @ weighted + np.diag(stiffness)
        # Each row by its own unknown: what is left is that unknown's best value, given the others.
        own = np.diag(hessian)
        self._project = weighted.T * np.asarray(weights, np.float64) / own[:, None]
        self._stiffness = stiffness / own
        self._others: list[list[float]] = (hessian / own[:, None] - np.eye(len(shapes))).tolist()
        self._limit = [float(shape.limit) for shape in shapes]
        self._prior = np.zeros((len(visemes), len(shapes)))
        for j, shape in enumerate(shapes):
            for name, value in shape.prior.items():
                self._prior[list(visemes).index(name), j] = value
        self._places = [
            (j, MOTION_INDEX[name]) for j, shape in enumerate(shapes) for name in shape.names
        ]

    def solve(self, geometry: F32, visemes: F32) -> list[float]:
        """Values of the unknowns within their limits, nearest to the geometry."""
        prior = visemes @ self._prior
        wanted = (self._project @ geometry + self._stiffness * prior).tolist()
        values = [0.0] * len(self._limit)
        # Plain floats: at this size numpy calls cost more than the arithmetic.
        unknowns = list(zip(range(len(values)), self._others, wanted, self._limit, strict=True))
        for _ in range(SWEEPS):
            before = values.copy()
            for j, row, goal, limit in unknowns:
                value = goal - sum(map(mul, row, values))
                values[j] = 0.0 if value <= 0.0 else limit if value > limit else value
            if values == before:
                break
        return values

    def __call__(self, geometry: F32, visemes: F32, seal: float) -> F32:
        """ARKit values f32[52]; `mouthClose` is the lip seal."""
        arkit = np.zeros(len(ARKIT_NAMES), np.float32)
        values = self.solve(geometry, visemes)
        for j, place in self._places:
            arkit[place] = values[j]
        arkit[MOTION_INDEX["mouthClose"]] = seal
        return arkit
