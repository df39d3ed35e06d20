"""Real voices with phone times: LibriSpeech, transcribed by whisper and aligned to its words.

Offline; the transcriber and the aligner run as processes of the tracker's interpreter.
Never used for pictures: what the lips do is expected from the phones (`phones.PhoneLips`).

LibriSpeech: Panayotov et al. 2015, CC BY 4.0. One utterance of each of 75 readers here.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from engines.values import F32, SAMPLE_RATE_HZ
from export.data.phones import align_clips
from export.data.sound import read_sound, write_wav
from export.data.tts import Utterance

TEST_VOICES = 15
"""The last voices by name are never trained on: babble and strangers of the evaluation."""
MARGIN_S = 0.15
"""Sound kept around a segment, whose times are a little rough."""


def voice_files(data: Path) -> dict[str, list[Path]]:
    """`train` and `test` recordings, by name."""
    files = sorted((data / "librispeech").rglob("*.flac"))
    return {"train": files[:-TEST_VOICES], "test": files[-TEST_VOICES:]}


def transcripts(
    files: list[Path], cache: Path, tracker_python: Path
) -> dict[str, list[tuple[float, float, str]]]:
    """Segments (start, end, words) of each recording, cached under the folder `cache`."""
    target = cache / "voice_texts.json"
    if not target.exists():
        wavs = cache / "voice_wav"
        wavs.mkdir(parents=True, exist_ok=True)
        jobs = {}
        for file in files:
            wav = wavs / f"{file.stem}.wav"
            write_wav(wav, read_sound(file))
            jobs[file.stem] = str(wav)
        request = cache / "voice_texts.jobs"
        request.write_text(json.dumps(jobs))
        script = Path(__file__).with_name("transcribe.py")
        command = [str(tracker_python), str(script), str(request), str(target)]
        subprocess.run(command, check=True)
    texts: dict[str, list[tuple[float, float, str]]] = json.loads(target.read_text())
    return texts


def cut(samples: F32, start_s: float, end_s: float) -> F32:
    """One segment with its margin."""
    first = max(0, int((start_s - MARGIN_S) * SAMPLE_RATE_HZ))
    return samples[first : int((end_s + MARGIN_S) * SAMPLE_RATE_HZ)]


def utterances(data: Path, cache: Path, tracker_python: Path) -> dict[str, dict[str, Utterance]]:
    """`train` and `test` utterances by name; segments that do not align are left out."""
    parts = voice_files(data)
    texts = transcripts(parts["train"] + parts["test"], cache, tracker_python)
    folder = cache / "voice_segments"
    folder.mkdir(parents=True, exist_ok=True)
    jobs: dict[str, tuple[Path, str]] = {}
    sounds: dict[str, F32] = {}
    part_of: dict[str, str] = {}
    for part, files in parts.items():
        for file in files:
            whole = read_sound(file)
            for i, (start_s, end_s, words) in enumerate(texts.get(file.stem, [])):
                name = f"{file.stem}_{i}"
                sounds[name] = cut(whole, start_s, end_s)
                part_of[name] = part
                write_wav(folder / f"{name}.wav", sounds[name])
                jobs[name] = (folder / f"{name}.wav", words)
    phones = align_clips(jobs, cache / "voice_phones.json", tracker_python)
    found: dict[str, dict[str, Utterance]] = {"train": {}, "test": {}}
    for name, spoken in phones.items():
        found[part_of[name]][name] = Utterance(sounds[name], spoken)
    return found
