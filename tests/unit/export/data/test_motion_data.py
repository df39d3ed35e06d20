"""The cache: what is written is read back; takes go round all kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.motion.voice import VOICE_SIZE
from export.data.grid import DataMissing
from export.data.motion_data import (
    KINDS,
    load_examples,
    perform_takes,
    prepare,
    save_examples,
)
from export.data.motion_examples import TAKE_FRAMES


def test_takes_are_written_and_read_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    voice = rng.random((300, VOICE_SIZE)).astype(np.float32)
    heard = {"reader 1": voice, "curves 1": voice, "actor 03a01Fa": voice}
    takes = perform_takes(heard, len(KINDS), 1)
    assert [t.name.split()[0] for t in takes] == list(KINDS)
    listening = takes[KINDS.index("listening")]
    assert listening.other[:, 0].any() and not listening.voice[:, 0].any()
    actor = takes[KINDS.index("actor")]
    assert actor.emotion[:, 1].max() > 0  # F: joy
    path = tmp_path / "motion" / "takes.npz"
    save_examples(path, takes)
    back = load_examples(path)
    for a, b in zip(takes, back, strict=True):
        assert a.name == b.name and len(b.channels) == TAKE_FRAMES
        assert (a.channels == b.channels).all() and (a.style == b.style).all()


def test_missing_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="words.tsv"):
        prepare(tmp_path, tmp_path / "cache", print)
