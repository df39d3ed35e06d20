"""Phone times of spoken text with pocketsphinx, run as a script by the tracker's interpreter.

Offline tool; one process, one thread; the rest of the project only reads the file it leaves.
Never imports another module of this project: its interpreter has numpy and pocketsphinx alone.

    TRACKER_PYTHON export/data/align.py JOBS.json OUT.json

JOBS: {name: {"wav": path (16 kHz mono 16-bit), "text": words}}. OUT: {name: [[phone, start_s,
end_s], ...]} with ARPAbet phones and SIL; a clip that does not align is left out and counted.
"""

from __future__ import annotations

import json
import os
import sys
import types
import wave
from pathlib import Path
from typing import Any

FRAME_S = 0.01


def make_decoder() -> Any:
    """A pocketsphinx decoder for alignment only (no language model)."""
    # pocketsphinx imports sounddevice for its microphone class, which nothing here uses.
    sys.modules.setdefault("sounddevice", types.ModuleType("sounddevice"))
    import pocketsphinx

    return pocketsphinx.Decoder(lm=None, samprate=16000, loglevel="FATAL", bestpath=False)


def align(decoder: Any, pcm: bytes, text: str) -> list[tuple[str, float, float]]:
    """Phones of one recording. Raises RuntimeError when the text does not fit the sound."""
    decoder.set_align_text(text)
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    decoder.set_alignment()
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    phones: list[tuple[str, float, float]] = []
    for word in decoder.get_alignment():
        for phone in word:
            start = phone.start * FRAME_S
            phones.append((phone.name, start, start + phone.duration * FRAME_S))
    return phones


def main(argv: list[str]) -> int:
    """Align every job; returns the exit status."""
    jobs: dict[str, dict[str, str]] = json.loads(Path(argv[0]).read_text())
    target = Path(argv[1])
    decoder = make_decoder()
    done: dict[str, list[tuple[str, float, float]]] = {}
    failed = 0
    for name, job in jobs.items():
        with wave.open(job["wav"], "rb") as file:
            pcm = file.readframes(file.getnframes())
        try:
            done[name] = align(decoder, pcm, job["text"])
        except RuntimeError:
            failed += 1
            decoder = make_decoder()
    aside = target.with_suffix(".part")
    aside.write_text(json.dumps(done))
    os.replace(aside, target)
    sys.stdout.write(f"aligned {len(done)} of {len(jobs)}, {failed} did not fit\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
