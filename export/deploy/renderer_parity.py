"""Torch, ONNX and int8 side by side on the same boxes: differences, losses, speed, and the choice.

Offline, one thread.
Never measures on pairs of the training: held-out ones, or none and then no loss.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from engines.backends.ort import open_session
from engines.render.boxes import Kind, fade
from engines.render.nets import LEVELS, as_input, as_shares
from engines.render.sampler import SIGMA, session_noise
from engines.values import F32, U8
from export.data.render_pairs import Pairs
from export.deploy.renderer_run import RunNets

MOST_DB = 0.5
MOST_WORSE = 0.05
"""What int8 may lose in PSNR, and in perceptual distance as a share, to be shipped."""
RUNS = 60
SEED = 5
_CHUNK = 16

Draw = Callable[[Mapping[str, F32]], F32]
"""The residual f32[N,3,h,w] of inputs by name."""
Judge = Callable[[U8, U8], F32]
"""Perceptual distance f32[N] of pictures u8[N,h,w,3] from their truth."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way to run a net."""

    name: str
    worst: float
    """Largest difference to torch, in units of the residual (127.5 levels)."""
    error_db: float
    """Its energy against that of torch's residual, in decibels; -inf: none."""
    psnr: float
    """Of the box with the residual pasted, against the truth; nan: no pairs."""
    distance: float
    """Perceptual; nan: no judge."""
    ms: float
    """Processor time of one run as served, median."""
    bytes: int


def torch_draw(run: RunNets) -> Draw:
    """The net as it was trained."""

    def draw(feeds: Mapping[str, F32]) -> F32:
        with torch.no_grad():
            out: F32 = run.box(*(torch.from_numpy(value) for value in feeds.values())).numpy()
        return out

    return draw


def onnx_draw(model: bytes) -> Draw:
    """A net as it is served."""
    session = open_session(model)

    def draw(feeds: Mapping[str, F32]) -> F32:
        out: F32 = session.run(["residual"], dict(feeds))[0]
        return out

    return draw


def feeds_of(run: RunNets, pairs: Pairs) -> list[dict[str, F32]]:
    """Inputs at t = 1 of every pair, by chunks: what one step is given."""
    out = []
    for begin in range(0, len(pairs), _CHUNK):
        part = pairs.take(slice(begin, begin + _CHUNK))
        noise = session_noise(SEED, (1, 3, *run.kind.shape))
        masks, rest_masks = as_shares(part.masks), as_shares(part.rest_masks)
        with torch.no_grad():
            seen = run.reference(
                torch.from_numpy(as_input(part.rest)), torch.from_numpy(rest_masks)
            ).numpy()
        before = as_input(part.previous_truth) - as_input(part.previous_picture)
        there = part.has_previous.astype(np.float32)[:, None, None, None]
        out.append(
            {
                "picture": as_input(part.picture),
                "masks": masks,
                "previous": before * there,
                "noised": np.repeat(SIGMA * noise, len(part), 0),
                "time": np.ones((len(part), 1), np.float32),
                "condition": part.condition,
                "reference": seen,
            }
        )
    return out


def pasted(pairs: Pairs, residual: F32, kind: Kind) -> U8:
    """u8[N,h,w,3]: the pictures with f32[N,3,h,w] laid on as the engine does."""
    levels = residual.transpose(0, 2, 3, 1) * np.float32(LEVELS) * fade(kind)[None, ..., None]
    out: U8 = np.clip(np.rint(pairs.picture + levels), 0, 255).astype(np.uint8)
    return out


def compare(
    run: RunNets,
    models: Mapping[str, bytes],
    feeds: Sequence[Mapping[str, F32]],
    timed: Mapping[str, F32],
    pairs: Pairs | None = None,
    judge: Judge | None = None,
) -> list[Row]:
    """One row for torch and one for each of `models`; `timed` is one frame's inputs."""
    goal = [torch_draw(run)(each) for each in feeds]
    rows = []
    for name, draw in {"torch": torch_draw(run), **_draws(models)}.items():
        drawn = [draw(each) for each in feeds]
        apart = np.concatenate([(a - b).ravel() for a, b in zip(drawn, goal, strict=True)])
        energy = float(np.square(np.concatenate([g.ravel() for g in goal])).mean())
        error = float(np.square(apart).mean())
        psnr, distance = losses(run.kind, np.concatenate(drawn), pairs, judge)
        error_db = 10 * np.log10(error / max(energy, 1e-12)) if error else float("-inf")
        rows.append(
            Row(
                name,
                float(np.abs(apart).max()),
                float(error_db),
                psnr,
                distance,
                speed_ms(draw, timed),
                len(models.get(name, b"")),
            )
        )
    return rows


def _draws(models: Mapping[str, bytes]) -> dict[str, Draw]:
    return {name: onnx_draw(model) for name, model in models.items()}


def losses(
    kind: Kind, residual: F32, pairs: Pairs | None, judge: Judge | None
) -> tuple[float, float]:
    """PSNR and perceptual distance of pictures with f32[N,3,h,w] laid on; nan: not to be told."""
    if pairs is None:
        return float("nan"), float("nan")
    shown = pasted(pairs, residual, kind)
    error = np.square(shown.astype(np.float32) - pairs.truth).mean((1, 2, 3))
    psnr = float((10 * np.log10(255**2 / np.maximum(error, 0.01))).mean())
    distance = float(judge(shown, pairs.truth).mean()) if judge else float("nan")
    return psnr, distance


def speed_ms(draw: Draw, feeds: Mapping[str, F32]) -> float:
    """Median processor time of one run."""
    times = []
    for _ in range(RUNS):
        begun = time.thread_time()
        draw(feeds)
        times.append(time.thread_time() - begun)
    return 1000 * float(np.median(times))


def ships(plain: Row, small: Row) -> bool:
    """Whether the int8 net holds the bars; not without pairs and a judge to tell."""
    return small.psnr >= plain.psnr - MOST_DB and small.distance <= plain.distance * (
        1 + MOST_WORSE
    )


def table(title: str, rows: Sequence[Row]) -> list[str]:
    """Lines of Markdown."""
    lines = [
        f"| {title} | worst | error dB | PSNR dB | perceptual | ms | bytes |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.name} | {row.worst:.2g} | {row.error_db:.1f} | {row.psnr:.2f} "
            f"| {row.distance:.4f} | {row.ms:.1f} | {row.bytes} |"
        )
    return lines
