"""The expression judge: crops, and a tiny net written in its format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from export.judges.expression import CROP_PX, LABELS, ExpressionJudge, JudgeMissing, crop


def write(folder: Path, seed: int = 1) -> None:
    """Random weights of the net's shapes, 8 bits each but the last bias."""
    rng = np.random.default_rng(seed)
    rows, packed = [], b""
    widths = [3, 32, 64, 128, 256]

    def add(name: str, shape: tuple[int, ...], plain: bool = False) -> None:
        nonlocal packed
        count = int(np.prod(shape))
        row: dict[str, object] = {"name": name, "shape": list(shape), "dtype": "float32"}
        if plain:
            packed += rng.standard_normal(count).astype(np.float32).tobytes()
        else:
            row["quantization"] = {"scale": 0.01, "min": -1.28, "dtype": "uint8"}
            packed += rng.integers(0, 256, count).astype(np.uint8).tobytes()
        rows.append(row)

    for i in range(4):
        for j in range(4):
            wide = widths[i] if j == 0 else widths[i + 1]
            name = f"dense{i}/conv{j}"
            if i == 0 and j == 0:
                add(f"{name}/filters", (3, 3, 3, 32))
            else:
                add(f"{name}/depthwise_filter", (3, 3, wide, 1))
                add(f"{name}/pointwise_filter", (1, 1, wide, widths[i + 1]))
            add(f"{name}/bias", (widths[i + 1],))
    add("fc/weights", (256, len(LABELS)))
    add("fc/bias", (len(LABELS),), plain=True)
    target = folder / "face_api"
    target.mkdir(parents=True)
    manifest = [{"weights": rows, "paths": ["face_expression_model-shard1"]}]
    (target / "face_expression_model-weights_manifest.json").write_text(json.dumps(manifest))
    (target / "face_expression_model-shard1").write_bytes(packed)


def test_it_reads_its_format_and_gives_shares(tmp_path: Path) -> None:
    write(tmp_path)
    judge = ExpressionJudge.load(tmp_path)
    rng = np.random.default_rng(2)
    pictures = rng.integers(0, 255, (2, 200, 200, 3)).astype(np.uint8)
    mesh = rng.uniform(60, 140, (2, 468, 3)).astype(np.float32)
    shares = judge.judge(pictures, mesh)
    assert shares.shape == (2, len(LABELS))
    assert np.allclose(shares.sum(1), 1, atol=1e-5)


def test_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(JudgeMissing, match="--data"):
        ExpressionJudge.load(tmp_path)


def test_a_crop_past_the_edge_repeats_it() -> None:
    picture = np.full((100, 100, 3), 80, np.uint8)
    mesh = np.array([[60, 60, 0], [130, 130, 0]], np.float32)
    part = crop(picture, mesh)
    assert part.shape == (CROP_PX, CROP_PX, 3) and (part == 80).all()
