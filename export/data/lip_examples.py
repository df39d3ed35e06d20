"""Training examples of sound and lips, from video, synthetic speech and facial curves.

Offline; everything slow is cached under the cache folder and done once.
Never lets a clip of one split into another: GRID by its split, FACEGOOD by clip name.

Row b of an example is audio block b (640 samples, 4 mel rows) and, with 80 ms of look-ahead, the
video frame b - 1: frame i hears samples up to 640 i + 1280.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.features import LogMel
from engines.values import F32, FRAME_SAMPLES
from export.data.facegood import CURVE_NAMES
from export.data.lip_geometry import CLOSED_GAP, GEOMETRY_NAMES
from export.data.phones import VISEME_NAMES, Phone, PhoneLips, frame_visemes
from export.data.tts import Utterance

LOOKAHEAD = 1280
MEL_PER_BLOCK = 4
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class LipExample:
    """One sequence; T blocks. A weight of 0 means that target is not known there."""

    name: str
    power: F32
    """f32[T,4,80]: linear mel power, so that gain and noise can be added later."""
    geometry: F32
    """f32[T,7] in GEOMETRY_NAMES order, in face heights."""
    geometry_weight: F32
    """f32[T]."""
    closed: F32
    """f32[T]: 1 where the lips touch."""
    closed_weight: F32
    viseme: NDArray[np.int64]
    """i64[T]: index into VISEMES or -1."""
    curves: F32
    """f32[T,8] in facegood.CURVE_NAMES order."""
    curves_weight: F32


def mel_blocks(samples: F32, blocks: int) -> F32:
    """Mel power f32[blocks,4,80] of sound cut or padded with silence to `blocks` x 640."""
    padded = np.zeros(blocks * FRAME_SAMPLES, np.float32)
    count = min(len(samples), len(padded))
    padded[:count] = samples[:count]
    mel = LogMel()
    return mel.power(mel.new_state(), padded).reshape(blocks, MEL_PER_BLOCK, -1)


def _shifted(values: NDArray[np.float32]) -> F32:
    """Frames to blocks: block 0 has no frame."""
    first = np.zeros((1, *values.shape[1:]), np.float32)
    return np.concatenate((first, values)).astype(np.float32)


def _known(frames: int, samples: int) -> F32:
    """1 for frames whose whole look-ahead was recorded, 0 for the last ones."""
    last = (samples - LOOKAHEAD) // FRAME_SAMPLES
    return (np.arange(frames) <= last).astype(np.float32)


def video_example(name: str, samples: F32, geometry: F32, phones: Sequence[Phone]) -> LipExample:
    """A tracked clip: geometry f32[F,7] from `lip_geometry`, with the clip's rest taken off."""
    frames = len(geometry)
    known = _shifted(_known(frames, len(samples)))
    viseme = np.concatenate(([UNKNOWN], frame_visemes(phones, frames)))
    if not phones:
        viseme[:] = UNKNOWN
    return LipExample(
        name=name,
        power=mel_blocks(samples, frames + 1),
        geometry=_shifted(geometry),
        geometry_weight=known,
        closed=_shifted((geometry[:, 0] < CLOSED_GAP).astype(np.float32)),
        closed_weight=known,
        viseme=viseme,
        curves=np.zeros((frames + 1, len(CURVE_NAMES)), np.float32),
        curves_weight=np.zeros(frames + 1, np.float32),
    )


def speech_example(name: str, utterance: Utterance, lips: PhoneLips, weight: float) -> LipExample:
    """Synthetic speech: geometry expected from its phones; closed lips from p, b, m and pauses."""
    frames = len(utterance.samples) // FRAME_SAMPLES
    known = _shifted(_known(frames, len(utterance.samples)))
    geometry = lips.geometry(utterance.phones, frames)
    viseme = frame_visemes(utterance.phones, frames)
    bilabial = viseme == VISEME_NAMES.index("bilabial")
    silent = viseme == VISEME_NAMES.index("silence")
    geometry[:, 0] = np.where(bilabial, 0.0, np.maximum(geometry[:, 0], 0.0))
    # In a pause lips may or may not close; within other phones only a clear gap tells.
    clear = (geometry[:, 0] > 0.012) & ~silent
    certain = np.where(bilabial | clear, 1.0, np.where(silent, 0.3, 0.0)).astype(np.float32)
    return LipExample(
        name=name,
        power=mel_blocks(utterance.samples, frames + 1),
        geometry=_shifted(geometry),
        geometry_weight=known * weight,
        closed=_shifted((bilabial | silent).astype(np.float32)),
        closed_weight=known * weight * _shifted(certain),
        viseme=np.concatenate(([UNKNOWN], viseme)),
        curves=np.zeros((frames + 1, len(CURVE_NAMES)), np.float32),
        curves_weight=np.zeros(frames + 1, np.float32),
    )


def curve_example(name: str, samples: F32, curves: F32) -> LipExample:
    """A clip with measured curves f32[F,8] (FACEGOOD)."""
    frames = len(curves)
    blank = np.zeros(frames + 1, np.float32)
    return LipExample(
        name=name,
        power=mel_blocks(samples, frames + 1),
        geometry=np.zeros((frames + 1, len(GEOMETRY_NAMES)), np.float32),
        geometry_weight=blank,
        closed=blank,
        closed_weight=blank,
        viseme=np.full(frames + 1, UNKNOWN, np.int64),
        curves=_shifted(curves),
        curves_weight=_shifted(_known(frames, len(samples))),
    )


def change_video_speed(
    samples: F32, geometry: F32, phones: Sequence[Phone], factor: float
) -> tuple[F32, F32, list[Phone]]:
    """A clip played `factor` times faster: another pitch and vocal tract, the same lips."""
    at = np.arange(int(len(samples) / factor)) * factor
    sound = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
    frames = np.arange(int(len(geometry) / factor)) * factor
    lips = [np.interp(frames, np.arange(len(geometry)), column) for column in geometry.T]
    times = [(name, start / factor, end / factor) for name, start, end in phones]
    return sound, np.stack(lips, axis=1).astype(np.float32), times


def with_lookahead(example: LipExample, lookahead: int) -> LipExample:
    """The same sound paired with the frames that have heard `lookahead` samples past their time.

    Raises ValueError when `lookahead` is no whole number of frames. Frames that fall off an end
    are lost, rows without a frame have weight 0.
    """
    if lookahead % FRAME_SAMPLES or lookahead < 0:
        raise ValueError(f"look-ahead must be a multiple of {FRAME_SAMPLES}, got {lookahead}")
    later = (lookahead - LOOKAHEAD) // FRAME_SAMPLES
    if later == 0:
        return example

    def moved(values: NDArray[Any], blank: int = 0) -> NDArray[Any]:
        out = np.full_like(values, blank)
        if later > 0:
            out[later:] = values[:-later]
        else:
            out[:later] = values[-later:]
        return out

    def weighed(values: F32) -> F32:
        out: F32 = moved(values)
        # The last row's sound is silence put after the end of the recording.
        out[-1] = 0.0
        return out

    return replace(
        example,
        geometry=moved(example.geometry),
        geometry_weight=weighed(example.geometry_weight),
        closed=moved(example.closed),
        closed_weight=weighed(example.closed_weight),
        viseme=moved(example.viseme, UNKNOWN),
        curves=moved(example.curves),
        curves_weight=weighed(example.curves_weight),
    )


def statistics(examples: Iterable[LipExample]) -> dict[str, F32]:
    """Mean and deviation of the targets where they are known, for scaling."""
    rows = [(e.geometry[e.geometry_weight > 0], e.curves[e.curves_weight > 0]) for e in examples]
    geometry = np.concatenate([g for g, _ in rows])
    curves = np.concatenate([c for _, c in rows])
    if len(curves) == 0:
        curves = np.zeros((2, len(CURVE_NAMES)), np.float32)
    return {
        "geometry_mean": geometry.mean(axis=0),
        "geometry_sd": geometry.std(axis=0) + np.float32(1e-5),
        "curves_mean": curves.mean(axis=0),
        "curves_sd": curves.std(axis=0) + np.float32(1e-3),
    }


def synthetic_examples(count: int, seed: int) -> list[LipExample]:
    """Made-up "speech" for `--smoke` and tests: lips open with a band of noise that comes and goes.

    Nothing of it is real, but a net that learns at all learns it.
    """
    rng = np.random.default_rng(seed)
    examples: list[LipExample] = []
    for i in range(count):
        frames = 75
        steps = rng.uniform(0.0, 1.0, 16)
        level = np.interp(np.arange(frames), np.linspace(0, frames, 16), steps)
        level[level < 0.25] = 0.0
        envelope = np.interp(np.arange(frames * 640) / 640, np.arange(frames), level)
        sound = (0.2 * envelope * rng.standard_normal(frames * 640)).astype(np.float32)
        geometry = np.zeros((frames, len(GEOMETRY_NAMES)), np.float32)
        geometry[:, 0] = 0.06 * level
        geometry[:, 2] = 0.03 * level
        geometry[:, 6] = 0.05 * level
        examples.append(video_example(f"synthetic{i}", sound, geometry, []))
    return examples
