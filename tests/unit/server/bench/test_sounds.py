from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from engines.values import F32
from server.bench import sounds
from server.bench.needs import BenchError
from server.probe import OnsetDetector


def onsets_of(sound: F32, rate_hz: int = sounds.RATE_HZ) -> list[int]:
    """As the server hears them, at 16 kHz."""
    detector = OnsetDetector()
    return detector.step(detector.new_state(), 0, sound[:: rate_hz // 16_000])


def test_every_burst_is_one_onset_and_begins_at_once() -> None:
    sound, onsets = sounds.train(20)
    found = [index * 3 for index in onsets_of(sound)]
    assert found == pytest.approx(onsets, abs=48)
    assert len(onsets) > 14


def test_gaps_fall_on_every_phase_of_the_frame_grid() -> None:
    _, onsets = sounds.train(60)
    gaps = np.diff(onsets) / sounds.RATE_HZ
    assert gaps.min() >= sounds.GAP_S[0] and gaps.max() <= sounds.GAP_S[1]
    phases = np.mod(np.array(onsets) / sounds.RATE_HZ, 0.04) / 0.04
    assert np.histogram(phases, 4, (0, 1))[0].min() >= 5


def test_looping_keeps_the_gaps() -> None:
    sound, onsets = sounds.train(12)
    around = (len(sound) - onsets[-1] + onsets[0]) / sounds.RATE_HZ
    assert sounds.GAP_S[0] <= around <= sounds.GAP_S[1] + 0.01


def test_too_short_a_train_is_silence() -> None:
    sound, onsets = sounds.train(1)
    assert onsets == [] and len(sound) == sounds.RATE_HZ and np.abs(sound).max() < 0.01


def test_wav_comes_back_as_written(tmp_path: Path) -> None:
    sound = np.linspace(-1, 1, 500, dtype=np.float32)
    sounds.write_wav(tmp_path / "a.wav", sound, 22_050)
    back, rate_hz = sounds.read_wav(tmp_path / "a.wav")
    assert rate_hz == 22_050
    assert np.abs(back - sound).max() < 1e-4


def test_what_is_no_wav_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF of nothing")
    with pytest.raises(BenchError, match="no WAV"):
        sounds.read_wav(tmp_path / "a.wav")
    with pytest.raises(BenchError, match="no WAV"):
        sounds.read_wav(tmp_path / "absent.wav")


def test_other_sample_widths_are_refused(tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "a.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8000)
        out.writeframes(bytes(100))
    with pytest.raises(BenchError, match="8-bit"):
        sounds.read_wav(tmp_path / "a.wav")


def test_rate_changes_keep_the_length_in_seconds() -> None:
    tone = np.sin(np.arange(1600) * 0.05).astype(np.float32)
    up = sounds.to_rate(tone, 16_000, 48_000)
    assert len(up) == 4800
    assert np.abs(up[::3] - tone).max() < 1e-6
    assert sounds.to_rate(tone, 16_000, 16_000) is tone


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_speech_begins_after_silence(tmp_path: Path) -> None:
    sounds.speak(tmp_path / "voice.wav", sounds.SENTENCES[:2])
    voice, rate_hz = sounds.read_wav(tmp_path / "voice.wav")
    assert len(onsets_of(voice, rate_hz)) >= 2


def test_speech_without_flite_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match="apt-get install flite"):
        sounds.speak(tmp_path / "voice.wav")


def test_a_failing_flite_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "flite"
    program.write_text("#!/bin/sh\necho no voice >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match="no voice"):
        sounds.speak(tmp_path / "voice.wav")
