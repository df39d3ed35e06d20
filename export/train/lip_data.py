"""Prepares the lip training data once: tracking, phone times, speech, features; cached on disk.

Offline; runs the tracker and the aligner as processes of another interpreter.
Never leaves data in the repository: the cache folder is git-ignored.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from engines.features import LogMel
from engines.values import F32
from export.data import facegood, grid, phones, tts, voices
from export.data.lip_examples import (
    MEL_PER_BLOCK,
    LipExample,
    change_video_speed,
    curve_example,
    speech_example,
    video_example,
)
from export.data.lip_geometry import lip_geometry, relative_to_rest
from export.data.sound import read_sound, write_wav

SPEECH_COUNT = 900
SPEECH_SEED = 7
SPEECH_WEIGHT = 0.5
SPEED_RANGE = (0.86, 1.16)
VOICE_COPIES = 3
"""Each real voice is heard as it is and at two other speeds."""
MIN_FOUND = 0.5
_ARRAYS = tuple(field.name for field in fields(LipExample) if field.name != "name")


@dataclass(frozen=True, slots=True)
class Places:
    """Where data is, where the cache may be, and which interpreter has the tracker."""

    data: Path
    cache: Path
    tracker_python: Path


Say = Callable[[str], None]


def save_examples(path: Path, examples: Sequence[LipExample]) -> None:
    """Write examples as one npz, aside and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.concatenate([getattr(e, name) for e in examples]) for name in _ARRAYS}
    arrays["lengths"] = np.array([len(e.closed) for e in examples])
    arrays["names"] = np.array([e.name for e in examples])
    aside = path.with_suffix(".part.npz")
    np.savez(aside, allow_pickle=False, **arrays)
    os.replace(aside, path)


def load_examples(path: Path) -> list[LipExample]:
    """Read what `save_examples` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in _ARRAYS}
        names, lengths = file["names"], file["lengths"]
    ends = np.cumsum(lengths)
    return [
        LipExample(str(name), **{key: arrays[key][end - size : end] for key in _ARRAYS})
        for name, size, end in zip(names, lengths, ends, strict=True)
    ]


def _cached(path: Path, make: Callable[[], list[LipExample]]) -> list[LipExample]:
    if not path.exists():
        save_examples(path, make())
    return load_examples(path)


def run_tracker(places: Places, videos: Sequence[Path], out: Path) -> None:
    """Track videos (image mode: video mode smooths peaks by a tenth) into `out`; skips the done.

    Raises grid.DataMissing when nothing is there to track them with.
    """
    todo = [video for video in videos if not (out / f"{video.stem}.npz").exists()]
    if not todo:
        return
    if not places.tracker_python.is_file():
        raise grid.DataMissing(
            f"{len(todo)} clips are to be tracked, and there is no {places.tracker_python}: "
            "make .venv-track/.done, or give --tracker-python"
        )
    out.mkdir(parents=True, exist_ok=True)
    listing = out / "todo.txt"
    listing.write_text("\n".join(str(video) for video in todo))
    script = Path(__file__).parents[1] / "data" / "track.py"
    command = [str(places.tracker_python), str(script), "--mode", "image", "--out", str(out)]
    subprocess.run([*command, "--list", str(listing)], check=True)


def read_track(path: Path) -> F32:
    """Landmarks f32[F,478,3] that `track.py` left in a file.

    Raises ValueError when a face was found in fewer than half the frames: the rest is filled in,
    and what is mostly filled in is no measurement.
    """
    with np.load(path, allow_pickle=False) as file:
        share = float(file["found"].mean())
        if share < MIN_FOUND:
            raise ValueError(f"{path.stem}: a face in {share:.0%} of the frames only")
        landmarks: F32 = file["landmarks"]
        return landmarks


def tracked_landmarks(places: Places, name: str) -> F32:
    """Landmarks f32[F,478,3] of a GRID clip that has been tracked. Raises as `read_track`."""
    return read_track(places.cache / "grid_tracks" / f"{name}.npz")


def grid_phones(places: Places) -> dict[str, list[phones.Phone]]:
    """Aligned phones of every GRID clip (a clip that does not align is not in it)."""
    words = grid.words(places.data)
    wavs = places.cache / "grid_wav"
    wavs.mkdir(parents=True, exist_ok=True)
    jobs = {}
    for name in grid.clip_names(places.data):
        wav = wavs / f"{name}.wav"
        if not wav.exists():
            write_wav(wav, read_sound(grid.folder(places.data) / f"{name}.mkv"))
        jobs[name] = (wav, grid.spoken_text(words[name]))
    return phones.align_clips(jobs, places.cache / "grid_phones.json", places.tracker_python)


@dataclass(frozen=True, slots=True)
class GridClip:
    """One clip with all that is known about it."""

    name: str
    samples: F32
    geometry: F32
    """Relative to the clip's rest, aperture absolute."""
    phones: list[phones.Phone]


def grid_clips(places: Places, names: Sequence[str]) -> list[GridClip]:
    """Clips by name, tracked and aligned: now, where it was not done before (0.8 s a clip).

    Raises grid.DataMissing.
    """
    videos = [grid.folder(places.data) / f"{name}.mkv" for name in names]
    run_tracker(places, videos, places.cache / "grid_tracks")
    spoken = grid_phones(places)
    clips = []
    for name in names:
        samples = read_sound(places.cache / "grid_wav" / f"{name}.wav")
        geometry = relative_to_rest(lip_geometry(tracked_landmarks(places, name)))
        clips.append(GridClip(name, samples, geometry, spoken.get(name, [])))
    return clips


def _speed_copies(clips: Sequence[GridClip]) -> list[LipExample]:
    rng = np.random.default_rng(SPEECH_SEED)
    copies = []
    for clip in clips:
        factor = float(rng.uniform(*SPEED_RANGE))
        changed = change_video_speed(clip.samples, clip.geometry, clip.phones, factor)
        copies.append(video_example(f"{clip.name}x{factor:.2f}", *changed))
    return copies


def _speech(clips: Sequence[GridClip]) -> list[LipExample]:
    lips = phones.fit_phone_lips([(c.phones, c.geometry) for c in clips if c.phones])
    spoken = tts.make_utterances(SPEECH_COUNT, SPEECH_SEED)
    return [speech_example(f"tts{i}", u, lips, SPEECH_WEIGHT) for i, u in enumerate(spoken)]


def _voices(places: Places, clips: Sequence[GridClip]) -> list[LipExample]:
    """Real voices of the training part with the lips their phones ask for."""
    lips = phones.fit_phone_lips([(c.phones, c.geometry) for c in clips if c.phones])
    rng = np.random.default_rng(SPEECH_SEED)
    spoken = voices.utterances(places.data, places.cache, places.tracker_python)["train"]
    examples = []
    for name, utterance in sorted(spoken.items()):
        for copy in range(VOICE_COPIES):
            factor = float(rng.uniform(*SPEED_RANGE)) if copy else 1.0
            changed = tts.change_speed(utterance, factor)
            examples.append(speech_example(f"voice {name}.{copy}", changed, lips, SPEECH_WEIGHT))
    return examples


def _facegood(places: Places) -> list[LipExample]:
    folder = places.data / "facegood"
    return [
        curve_example(name, read_sound(folder / f"{name}.flac"), facegood.curves(places.data, name))
        for name in facegood.clip_names(places.data)
    ]


def babble_voices(places: Places) -> list[F32]:
    """Mel power f32[blocks,4,80] of every LibriSpeech voice, by name."""
    path = places.cache / "lips" / "voices.npz"
    if not path.exists():
        found = sorted((places.data / "librispeech").rglob("*.flac"))
        arrays = {}
        for file in found:
            mel = LogMel()
            power = mel.power(mel.new_state(), read_sound(file))
            blocks = len(power) // MEL_PER_BLOCK
            arrays[file.stem] = power[: blocks * 4].reshape(blocks, MEL_PER_BLOCK, -1)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, allow_pickle=False, **arrays)
    with np.load(path) as loaded:
        return [loaded[name] for name in sorted(loaded.files)]


@dataclass(frozen=True, slots=True)
class LipData:
    """What training needs."""

    train: list[LipExample]
    validation: list[LipExample]
    babble: list[F32]


def prepare(places: Places, say: Say) -> LipData:
    """Everything, from the cache where it is there. Raises grid.DataMissing."""
    names = grid.split(grid.clip_names(places.data))
    say("tracking and phone times (once, about ten minutes)")
    folder = places.cache / "lips"
    clips = grid_clips(places, names["train"])

    def videos_of(some: Sequence[GridClip]) -> list[LipExample]:
        return [video_example(c.name, c.samples, c.geometry, c.phones) for c in some]

    say("features and synthetic speech")
    train = _cached(folder / "grid_train.npz", lambda: videos_of(clips))
    train += _cached(folder / "grid_speed.npz", lambda: _speed_copies(clips))
    train += _cached(folder / "tts.npz", lambda: _speech(clips))
    train += _cached(folder / "voices_train.npz", lambda: _voices(places, clips))
    curves = _cached(folder / "facegood.npz", lambda: _facegood(places))
    train += [example for example in curves if example.name not in facegood.TEST_CLIPS]
    validation = _cached(
        folder / "grid_validation.npz",
        lambda: videos_of(grid_clips(places, names["validation"])),
    )
    return LipData(train, validation, babble_voices(places)[: -voices.TEST_VOICES])
