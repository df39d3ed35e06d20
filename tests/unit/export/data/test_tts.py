"""Tests of export.data.tts."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from export.data import tts
from export.data.tts import Utterance


def test_phones_follow_each_other() -> None:
    phones = tts.parse_phones("pau:0.16 b:0.25 ay1:0.5 pau:0.7 \n")
    assert phones == [("SIL", 0.0, 0.16), ("B", 0.16, 0.25), ("AY", 0.25, 0.5), ("SIL", 0.5, 0.7)]


def test_faster_is_shorter_and_keeps_step() -> None:
    spoken = Utterance(np.arange(1600, dtype=np.float32), [("B", 0.0, 0.05), ("AA", 0.05, 0.1)])
    fast = tts.change_speed(spoken, 1.25)
    assert len(fast.samples) == 1280
    assert fast.phones[1][0] == "AA"
    np.testing.assert_allclose(fast.phones[1][1:], (0.04, 0.08))
    np.testing.assert_allclose(fast.samples[100], 125.0)


def test_text_is_seeded() -> None:
    one, two = (tts.make_text(np.random.default_rng(5)) for _ in range(2))
    assert one == two and len(one.split()) >= 3


def test_without_flite_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(FileNotFoundError, match="apt install flite"):
        tts.speak("hello there", "slt", 1.0, 120.0, tmp_path)


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_flite_speaks_with_times() -> None:
    done: list[int] = []
    (spoken,) = tts.make_utterances(1, 3, done.append)
    assert done == [1]
    assert spoken.samples.std() > 0.01
    assert abs(spoken.phones[-1][2] - len(spoken.samples) / 16000) < 0.3
