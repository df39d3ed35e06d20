"""Tests of export.data.transcribe with a stand-in for whisper."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from export.data import transcribe
from export.data.sound import write_wav


class FakeWhisper:
    """Hears two segments, one with a figure."""

    def transcribe(self, samples: np.ndarray, **_: Any) -> tuple[list[SimpleNamespace], None]:
        assert samples.dtype == np.float32 and abs(float(samples.max()) - 0.5) < 0.01
        texts = [(0.0, 1.5, " Well-known, isn't it?"), (1.5, 2.0, " Chapter 12")]
        return [SimpleNamespace(start=a, end=b, text=t) for a, b, t in texts], None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("Hello, World!", "hello world"), ("It's half-done.", "it's half done"), ("At 5 o'clock", "")],
)
def test_words_are_plain(text: str, wanted: str) -> None:
    assert transcribe.plain_words(text) == wanted


def test_segments_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcribe, "load_model", FakeWhisper)
    write_wav(tmp_path / "a.wav", np.full(1600, 0.5, np.float32))
    (tmp_path / "jobs.json").write_text(json.dumps({"a": str(tmp_path / "a.wav")}))
    assert transcribe.main([str(tmp_path / "jobs.json"), str(tmp_path / "out.json")]) == 0
    done = json.loads((tmp_path / "out.json").read_text())
    assert done == {"a": [[0.0, 1.5, "well known isn't it"]]}
