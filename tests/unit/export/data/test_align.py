"""Tests of export.data.align with a stand-in for pocketsphinx."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from export.data import align
from export.data.sound import write_wav


class FakeDecoder:
    """One word of two phones; does not fit the text "no"."""

    def __init__(self) -> None:
        self.text = ""
        self.heard = 0

    def set_align_text(self, text: str) -> None:
        self.text = text

    def set_alignment(self) -> None:
        if self.text == "no":
            raise RuntimeError("no alignment")

    def start_utt(self) -> None:
        self.heard += 1

    def process_raw(self, pcm: bytes, full_utt: bool) -> None:
        assert pcm and full_utt

    def end_utt(self) -> None: ...

    def get_alignment(self) -> list[list[SimpleNamespace]]:
        phones = [("B", 0, 10), ("AY", 10, 30)]
        return [[SimpleNamespace(name=n, start=s, duration=d) for n, s, d in phones]]


def test_jobs_are_aligned_and_misfits_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(align, "make_decoder", FakeDecoder)
    wav = tmp_path / "a.wav"
    write_wav(wav, np.zeros(1600, np.float32))
    jobs = {"good": {"wav": str(wav), "text": "bye"}, "bad": {"wav": str(wav), "text": "no"}}
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    assert align.main([str(tmp_path / "jobs.json"), str(tmp_path / "out.json")]) == 0
    done = json.loads((tmp_path / "out.json").read_text())
    assert done == {"good": [["B", 0.0, 0.1], ["AY", 0.1, 0.4]]}
    assert "1 did not fit" in capsys.readouterr().out
