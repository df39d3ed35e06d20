"""Lips of strangers: voices, and a language, that the video does not have.

Offline; prints its rows.
Never scores a voice that was trained on: LibriSpeech's test voices, and FACEGOOD's motion by a
head that saw none of its curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engines.motion.lips import LipModel
from engines.values import F32, FRAME_SAMPLES
from export.data import facegood, voices
from export.data.phones import Phone, PhoneLips, fit_phone_lips
from export.data.sound import read_sound
from export.data.tts import Utterance
from export.evaluate import lip_run
from export.evaluate.lip_metrics import Track, correlation, with_made
from export.evaluate.lip_rows import show, show_closures
from export.train.lip_data import GridClip, Places


def speech_frames(phones: Sequence[Phone], frames: int) -> tuple[int, int]:
    """First and one past the last frame with a phone."""
    spoken = [phone for phone in phones if phone[0] != "SIL"]
    return int(spoken[0][1] * 25), min(frames, int(np.ceil(spoken[-1][2] * 25)))


def expected_track(name: str, utterance: Utterance, lips: PhoneLips) -> Track | None:
    """What the phones ask of the lips, as `real`; None for an utterance of silence."""
    frames = len(utterance.samples) // FRAME_SAMPLES
    if all(phone[0] == "SIL" for phone in utterance.phones):
        return None
    wanted = lips.geometry(utterance.phones, frames)
    span = speech_frames(utterance.phones, frames)
    return Track(name, wanted, wanted, span, utterance.phones)


def stranger_rows(model: LipModel, places: Places, train: Sequence[GridClip]) -> dict[str, float]:
    """Unseen English readers against the lips that their phones ask for."""
    lips = fit_phone_lips([(c.phones, c.geometry) for c in train if c.phones])
    spoken = voices.utterances(places.data, places.cache, places.tracker_python)["test"]
    tracks, made, energy, confidence = [], [], [], []
    for name, utterance in sorted(spoken.items()):
        track = expected_track(name, utterance, lips)
        if track is None:
            continue
        heard = lip_run.hear(model, utterance.samples, len(track.real))
        tracks.append(track)
        made.append(heard.geometry)
        confidence.append(heard.confidence)
        level = lip_run.log_energy(utterance.samples, len(track.real))
        energy.append(np.repeat(level[:, None], track.real.shape[1], axis=1))
    readers = len({track.name.split("_")[0] for track in tracks})
    print(f"{readers} unseen readers (LibriSpeech), against the lips their phones ask for")
    figures = show("motion", with_made(tracks, made))
    figures |= show_closures("motion", with_made(tracks, made))
    show("floor: another reader's sound", with_made(tracks, made[1:] + made[:1]))
    show("floor: log energy", with_made(tracks, energy))
    print(f"  confidence, median {np.median(np.concatenate(confidence)):.2f}")
    return figures


def _best(a: F32, b: F32) -> tuple[float, float, int]:
    """R at lag 0, best r, its lag (frames that `a` is late)."""
    by_lag = {lag: correlation(np.roll(a, -lag)[5:-5], b[5:-5]) for lag in range(-3, 4)}
    lag = max(by_lag, key=lambda k: by_lag[k])
    return by_lag[0], by_lag[lag], lag


def facegood_rows(model: LipModel, data: Path) -> dict[str, float]:
    """Another voice and language: the aperture and jaw against its mouth stretch curve."""
    names = facegood.clip_names(data)
    gathered: dict[str, list[F32]] = {k: [] for k in ("aperture", "jaw", "energy", "real")}
    confidence: list[F32] = []
    own: list[tuple[F32, F32]] = []
    for name in names:
        samples = read_sound(data / "facegood" / f"{name}.flac")
        curves = facegood.curves(data, name)
        heard = lip_run.hear(model, samples, len(curves))
        gathered["aperture"].append(heard.geometry[:, 0])
        gathered["jaw"].append(heard.geometry[:, 2])
        gathered["energy"].append(lip_run.log_energy(samples, len(curves)))
        gathered["real"].append(curves[:, 0])
        confidence.append(heard.confidence)
        if name in facegood.TEST_CLIPS:
            own.append((heard.curves, curves))
    joined = {key: np.concatenate(parts) for key, parts in gathered.items()}
    loud = joined["energy"] >= np.quantile(joined["energy"], 0.3)
    result = {}
    print(f"FACEGOOD, all {len(names)} clips, against stretch: r, best r (lag), loudest 70 %")
    for key in ("aperture", "jaw", "energy"):
        now, best, lag = _best(joined[key], joined["real"])
        part = correlation(joined[key][loud], joined["real"][loud])
        print(f"  {key:<32}{now:>11.3f}{best:>11.3f} ({lag:+d}){part:>9.3f}")
        result[key] = best
    print(f"  confidence, median {np.median(np.concatenate(confidence)):.2f}")
    made, real = (np.concatenate([pair[i] for pair in own]) for i in range(2))
    shown = ", ".join(
        f"{name} {correlation(made[:, i], real[:, i]):.2f}"
        for i, name in enumerate(facegood.CURVE_NAMES)
    )
    print(f"  curve head on its {len(own)} test clips: {shown}")
    return result
