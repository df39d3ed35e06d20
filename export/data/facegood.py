"""The FACEGOOD recordings: sound with measured facial curves (one speaker, Mandarin).

Offline; runs on the thread that calls it.
Never mixes its curves with lip geometry: they are another head's targets.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engines.values import F32, FRAME_RATE_HZ
from export.data.grid import DataMissing

CURVE_RATE_HZ = 30.0
LATENCY_S = 0.04
"""The curves move about 40 ms after the sound: sampled that much later to put both in step."""
TEST_CLIPS: tuple[str, ...] = ("1114_2_05", "1114_3_16")
CURVES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("stretch", ("mouth_stretch_c",)),
    ("oh", ("mouth_oh_c",)),
    ("oo", ("mouth_oo_c",)),
    ("funnel", ("mouth_funnel_dl", "mouth_funnel_dr", "mouth_funnel_ul", "mouth_funnel_ur")),
    ("lower_lip", ("mouth_lowerLipDepress_l", "mouth_lowerLipDepress_r")),
    ("upper_lip", ("mouth_upperLipRaise_l", "mouth_upperLipRaise_r")),
    ("suck", ("mouth_suck_dl", "mouth_suck_dr", "mouth_suck_ul", "mouth_suck_ur")),
    ("corner_pull", ("mouth_lipCornerPull_l", "mouth_lipCornerPull_r")),
)
CURVE_NAMES: tuple[str, ...] = tuple(name for name, _ in CURVES)


def clip_names(data: Path) -> list[str]:
    """Sorted clip names. Raises DataMissing."""
    folder = data / "facegood"
    if not (folder / "curve_names.json").is_file():
        raise DataMissing(f"{folder}: no curve_names.json; give the data folder by --data")
    return sorted(path.name.removesuffix(".curves.npy") for path in folder.glob("*.curves.npy"))


def curves(data: Path, name: str) -> F32:
    """Curves f32[F,8] of one clip at 25 fps, in step with the sound."""
    folder = data / "facegood"
    columns: list[str] = json.loads((folder / "curve_names.json").read_text())
    raw = np.load(folder / f"{name}.curves.npy").astype(np.float32)
    mixed = np.stack(
        [raw[:, [columns.index(c) for c in members]].mean(axis=1) for _, members in CURVES], axis=1
    )
    frames = int((len(raw) - 1) / CURVE_RATE_HZ * FRAME_RATE_HZ)
    at = (np.arange(frames) / FRAME_RATE_HZ + LATENCY_S) * CURVE_RATE_HZ
    sampled = [np.interp(at, np.arange(len(raw)), column) for column in mixed.T]
    return np.stack(sampled, axis=1).astype(np.float32)
