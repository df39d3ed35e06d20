"""How much of a real face's variety a motion net keeps: spreads, speeds, blinks, seeds, likelihood.

Offline; prints its rows.
Never lets a net see the motion that it is compared with, but for the bound on the likelihood.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from engines.motion.a2m import A2M
from engines.motion.face import CHANNEL_INDEX, to_motion
from engines.motion.feeling import felt
from engines.values import F32
from export.data.motion_examples import MotionExample
from export.evaluate.motion_stats import motion_stats
from export.nets.motion import BLOCK, MotionNet, MotionNetConfig
from export.train.checkpoint import load_net
from export.train.motion import MotionTrainConfig, make_batches

GROUPS: dict[str, tuple[int, ...]] = {
    name: tuple(CHANNEL_INDEX[channel] for channel in channels)
    for name, channels in {
        "head": ("headPitch", "headYaw", "headRoll"),
        "gaze": ("lookLeft", "lookDown"),
        "brows": ("browInner", "browOuterLeft", "browOuterRight", "browDown"),
        "lids": ("blinkLeft", "blinkRight"),
    }.items()
}
QUANTILES = np.linspace(0.0025, 0.9975, 200)
BOUND_SEED = 5
MEASURED = [channel for group in GROUPS.values() for channel in group]
HEAD = f"{'':<24}" + "".join(f"{n:>14}" for n in GROUPS) + f"{'blinks':>8}{'seeds':>8}{'bound':>8}"
Streams = Sequence[F32]


def free_run(model: A2M, example: MotionExample, seed: int, *, finished: bool = False) -> F32:
    """Channels f32[T,28] that a net gives for what an example heard; `finished`: as served."""
    state = model.new_state(seed)
    step = model.step if finished else model.perform
    feelings = felt(example.emotion)
    rows = [
        step(state, voice, other, feeling, example.style, 1.0)
        for voice, other, feeling in zip(example.voice, example.other, feelings, strict=True)
    ]
    return np.stack(rows)


def spread(streams: Streams, channels: Sequence[int]) -> float:
    """Standard deviation within a clip, channels together, root mean square over clips."""
    parts = [stream[:, list(channels)].var(axis=0).sum() for stream in streams]
    return float(np.sqrt(np.mean(parts)))


def speeds(streams: Streams, channels: Sequence[int]) -> F32:
    """Length of the step from frame to frame, all frames of all clips."""
    steps = [np.linalg.norm(np.diff(s[:, list(channels)], axis=0), axis=1) for s in streams]
    joined: F32 = np.concatenate(steps)
    return joined


def speed_distance(made: Streams, real: Streams, channels: Sequence[int]) -> float:
    """Wasserstein distance of two speed distributions, over the mean real speed.

    0: the same distribution; 1: as far as a face that never moves.
    """
    ours, theirs = (np.quantile(speeds(s, channels), QUANTILES) for s in (made, real))
    return float(np.abs(ours - theirs).mean() / theirs.mean())


def seeds_apart(one: Streams, other: Streams, real: Streams) -> float:
    """How far two seeds' performances of one sound are apart, over real clips of other sounds."""
    scale = np.concatenate(real)[:, MEASURED].std(axis=0)

    def apart(a: Streams, b: Streams) -> float:
        gaps = [
            np.mean(((x[:size] - y[:size])[:, MEASURED] / scale) ** 2)
            for x, y in zip(a, b, strict=True)
            for size in [min(len(x), len(y))]
        ]
        return float(np.sqrt(np.mean(gaps)))

    return apart(one, other) / apart(real, [*real[1:], real[0]])


def bound(run: Path, scale: dict[str, F32], examples: Sequence[MotionExample]) -> float:
    """Upper bound on -log p(measured channels), nats a frame: squared errors with the deviation
    that suits each channel best, and the divergence of the latents.

    Each net is given the real motion before a block; without latents it is no bound but exact.
    """
    config = json.loads((run / "weights" / "manifest.json").read_text())["net"]
    net = MotionNet(MotionNetConfig(**{**config, "dilations": tuple(config["dilations"])})).eval()
    load_net(run, net)
    training = MotionTrainConfig(batch=len(examples))
    torch.manual_seed(BOUND_SEED)
    rng = np.random.default_rng(BOUND_SEED)
    (batch,) = make_batches(examples, scale, training, rng)
    with torch.no_grad():
        out = net(batch.motion, batch.conditions, batch.past)
    error = ((out["motion"] - batch.motion) ** 2)[..., MEASURED].mean(dim=(0, 1))
    surprise = 0.5 * torch.log(2.0 * math.pi * math.e * error).sum()
    return float(surprise + out["kl"].mean() / BLOCK)


def _line(name: str, values: Mapping[str, float]) -> None:
    cells = "".join(f"{values[f'{g} spread']:>8.2f}{values[f'{g} speed']:>6.2f}" for g in GROUPS)
    tail = "".join(
        f"{values[k]:>8.2f}" if k in values else f"{'':>8}" for k in ("blinks", "seeds", "bound")
    )
    print(f"{name:<24}{cells}{tail}")


def figures_of(made: Streams, real: Streams, served: Streams) -> dict[str, float]:
    """Spread (over the real one), speed distance, and blinks a minute of what is `served`."""
    found: dict[str, float] = {}
    for name, channels in GROUPS.items():
        found[f"{name} spread"] = spread(made, channels) / spread(real, channels)
        found[f"{name} speed"] = speed_distance(made, real, channels)
    found["blinks"] = motion_stats([to_motion(stream) for stream in served]).blinks
    return found


def compare(
    title: str,
    runs: Mapping[str, Path],
    scale: dict[str, F32],
    examples: Sequence[MotionExample],
    again: Sequence[MotionExample],
) -> dict[str, dict[str, float]]:
    """Rows of the nets and of their floors on `examples`; `again`: more of the real thing."""
    real = [example.channels for example in examples]
    more = [example.channels for example in again]
    still = [np.broadcast_to(row.mean(axis=0), row.shape) for row in real]
    print(f"{title}\n{HEAD}\n{'':<24}" + f"{'spread':>8}{'speed':>6}" * len(GROUPS))
    figures = {
        "the real thing": figures_of(real, real, real) | {"seeds": 1.0},
        "other real clips": figures_of(more, real, more),
        "floor: a still face": figures_of(still, real, still) | {"seeds": 0.0},
    }
    for name, values in figures.items():
        _line(name, values)
    for name, run in runs.items():
        model = A2M.load(run / "weights")
        # A seed of its own for each clip: one draw for all would be a sample of one.
        one, two = (
            [free_run(model, e, seed) for seed, e in enumerate(examples, first)]
            for first in (0, len(examples))
        )
        served = [free_run(model, e, seed, finished=True) for seed, e in enumerate(examples)]
        figures[name] = figures_of(one, real, served) | {"seeds": seeds_apart(one, two, real)}
        figures[name]["bound"] = bound(run, scale, examples)
        _line(name, figures[name])
    return figures
