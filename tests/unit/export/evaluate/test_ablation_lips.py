"""Rows of lip nets: by name, with their look-ahead, floors below."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.motion.lips import DEFAULT_FOLDER
from export.evaluate import ablation_lips
from export.train.lip_data import GridClip, Places


def clip(name: str, seed: int) -> GridClip:
    rng = np.random.default_rng(seed)
    samples = (0.1 * rng.standard_normal(48_000)).astype(np.float32)
    geometry = rng.uniform(0.02, 0.1, (75, 7)).astype(np.float32)
    return GridClip(name, samples, geometry, [("B", 1.0, 1.08), ("AA", 1.08, 1.4)])


def test_each_net_has_a_row_and_the_floors_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "grid_s1"
    folder.mkdir()
    rows = ["clip\tstart_frame\tend_frame\tword"]
    rows += [f"{name}\t10\t60\tbin" for name in "ab"]
    (folder / "words.tsv").write_text("\n".join(rows) + "\n")
    clips = [clip("a", 1), clip("b", 2)]
    monkeypatch.setattr(ablation_lips, "clips_of", lambda places, count: (clips, clips))
    figures = ablation_lips.compare(
        Places(tmp_path, tmp_path, tmp_path), {"shipped": DEFAULT_FOLDER}, None, strangers=False
    )
    assert figures["shipped"]["lookahead_ms"] == 80.0
    assert {"r", "width r", "closed", "vowels_closed"} <= figures["shipped"].keys()
    said = capsys.readouterr().out
    assert said.index("shipped") < said.index("floor: another clip's sound")
