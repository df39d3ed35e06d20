"""Tests of tests.support.tiny_hub: the miniatures are made the same each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import tiny_hub

pytest.importorskip("transformers")


def test_the_same_weights_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        tiny_hub.text_classifier(tmp_path / name, ("negative", "positive"))
    a, b = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("a", "b"))
    assert a == b
