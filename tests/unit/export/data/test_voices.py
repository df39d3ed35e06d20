"""Tests of export.data.voices with cached texts and phones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from export.data import voices
from export.data.sound import write_wav


def test_voices_are_parted_and_cut(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "librispeech"
    folder.mkdir(parents=True)
    names = [f"{i:03d}" for i in range(voices.TEST_VOICES + 2)]
    for name in names:
        write_wav(folder / f"{name}.flac", np.zeros(16000 * 3, np.float32))
    cache = tmp_path / "cache"
    cache.mkdir()
    texts = {name: [[1.0, 2.0, "go"]] for name in names}
    (cache / "voice_texts.json").write_text(json.dumps(texts))
    phones = {f"{name}_0": [["G", 0.2, 0.3], ["OW", 0.3, 0.5]] for name in names[:-1]}
    (cache / "voice_phones.json").write_text(json.dumps(phones))
    found = voices.utterances(tmp_path / "data", cache, Path("/nowhere"))
    assert sorted(found["train"]) == ["000_0", "001_0"]
    assert len(found["test"]) == voices.TEST_VOICES - 1, "one did not align"
    one = found["train"]["000_0"]
    assert len(one.samples) == int((1.0 + 2 * voices.MARGIN_S) * 16000)
    assert one.phones[1] == ("OW", 0.3, 0.5)


def test_a_cut_stays_inside_the_recording() -> None:
    samples = np.arange(16000, dtype=np.float32)
    assert voices.cut(samples, 0.0, 5.0)[0] == 0.0
    assert len(voices.cut(samples, 0.0, 5.0)) == 16000
