"""Command `evaluate lips`: lip figures on unseen clips, each with its floors.

Offline; main thread. `--rendered` draws the test clips and tracks the drawn lips.
Never reads a training or validation clip but for the time-only floor.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from engines.motion.lips import LipModel
from engines.values import F32
from export.data import facegood, grid
from export.data.lip_geometry import GEOMETRY_NAMES
from export.data.sound import read_sound
from export.evaluate import lip_run
from export.evaluate.lip_metrics import Track, closures, correlation, follow, with_made
from export.train.lip_data import BABBLE_TEST_VOICES, GridClip, Places, grid_clips
from export.train.lips_cli import add_places, places_of

COLUMNS = ("aperture", "width", "jaw", "protrusion")
HEAD = f"{'':<34}" + "".join(f"{name:>11}" for name in COLUMNS) + f"{'lag':>6}{'sd':>7}{'mean':>7}"


def grid_tracks(places: Places, clips: list[GridClip], made: list[F32]) -> list[Track]:
    """Clips with their predictions."""
    words = grid.words(places.data)
    tracks = [
        Track(c.name, c.geometry, c.geometry, grid.speech_span(words[c.name]), c.phones)
        for c in clips
    ]
    return with_made(tracks, made)


def show(label: str, tracks: list[Track]) -> dict[str, float]:
    """One row: in-speech r of four distances; lag, sd and mean ratio of the aperture."""
    rows = [follow(tracks, GEOMETRY_NAMES.index(name)) for name in COLUMNS]
    first = rows[0]
    values = "".join(f"{row.r:>11.3f}" for row in rows)
    print(f"{label:<34}{values}{first.lag:>6d}{first.sd_ratio:>7.2f}{first.mean_ratio:>7.2f}")
    return {"r": first.r, "lag": float(first.lag), "sd_ratio": first.sd_ratio}


def show_closures(label: str, tracks: list[Track], *, real: bool = False) -> dict[str, float]:
    """One row of closures."""
    c = closures(tracks, real=real)
    print(
        f"{label:<34}p/b/m closed {c.closed:6.1%} of {c.bilabials}, open vowels closed "
        f"{c.vowels_closed:5.1%} of {c.vowels}, frame F1 {c.frame_f1:.2f}"
    )
    return {"closed": c.closed, "vowels_closed": c.vowels_closed}


def floors(places: Places, clips: list[GridClip], made: list[F32], tracks: list[Track]) -> None:
    """Wrong sound, energy, time alone, a still mouth."""
    show("floor: another clip's sound", with_made(tracks, made[1:] + made[:1]))
    energy = [lip_run.log_energy(c.samples, len(c.geometry)) for c in clips]
    best = max(
        range(-2, 3),
        key=lambda lag: (
            follow(with_made(tracks, [np.roll(e, lag)[:, None].repeat(7, 1) for e in energy]), 0).r
        ),
    )
    shifted = [np.roll(e, best)[:, None].repeat(7, 1) for e in energy]
    show("floor: log energy, best shift", with_made(tracks, shifted))
    train = grid_clips(places, grid.split(grid.clip_names(places.data))["train"][:300])
    size = min(len(c.geometry) for c in clips + train)
    mean = np.mean([c.geometry[:size] for c in train], axis=0).astype(np.float32)
    show("floor: time alone (mean of train)", with_made(tracks, [mean] * len(clips)))
    show("floor: still mouth", with_made(tracks, [np.zeros_like(g) for g in made]))


def noise_rows(model: LipModel, places: Places, clips: list[GridClip], base: list[Track]) -> None:
    """The same clips in noise and at low level."""
    files = sorted((places.data / "librispeech").rglob("*.flac"))[-BABBLE_TEST_VOICES:]
    voices = [read_sound(file) for file in files]
    rng = np.random.default_rng(3)

    def heard(change: dict[str, F32]) -> list[F32]:
        return [lip_run.hear(model, change[c.name], len(c.geometry)).geometry for c in clips]

    for snr in (20.0, 10.0):
        sounds = {
            c.name: lip_run.mixed(c.samples, lip_run.pink_noise(len(c.samples), rng), snr)
            for c in clips
        }
        show(f"pink noise {snr:.0f} dB", with_made(base, heard(sounds)))
    sounds = {
        c.name: lip_run.mixed(c.samples, lip_run.babble_noise(voices, len(c.samples), rng), 10.0)
        for c in clips
    }
    show("babble of 4 voices 10 dB", with_made(base, heard(sounds)))
    sounds = {c.name: c.samples * np.float32(0.1) for c in clips}
    show("level -20 dB", with_made(base, heard(sounds)))


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


def main(argv: list[str]) -> int:
    """`python -m export evaluate lips`."""
    parser = argparse.ArgumentParser(prog="export evaluate lips", description=main.__doc__)
    add_places(parser)
    parser.add_argument("--weights", type=Path, help="weights folder (default: the shipped one)")
    parser.add_argument("--split", choices=("test", "validation"), default="test")
    parser.add_argument("--clips", type=int, help="only the first so many clips")
    parser.add_argument("--rendered", action="store_true", help="track the lips as drawn")
    parser.add_argument("--avatar", action="append", help="to draw (default: first built-in)")
    parser.add_argument("--avatars", type=Path, help="folder of more avatars")
    parser.add_argument("--json", type=Path, help="also write the main figures here")
    args = parser.parse_args(argv)
    places = places_of(args)
    model = LipModel.load(args.weights)
    names = grid.split(grid.clip_names(places.data))[args.split][: args.clips]
    clips = grid_clips(places, names)
    print(f"GRID, {len(clips)} {args.split} clips, in speech only\n{HEAD}")
    made = [lip_run.hear(model, c.samples, len(c.geometry)).geometry for c in clips]
    tracks = grid_tracks(places, clips, made)
    figures = {"motion": show("motion (80 ms look-ahead)", tracks)}
    if args.rendered:
        from export.evaluate.lips_rendered import choose_store, rendered_tracks

        store = choose_store(args.avatars)
        for name in args.avatar or store.names()[:1]:
            drawn = rendered_tracks(places, clips, tracks, name, store, model)
            figures[name] = show(f"drawn: {name}", drawn)
            figures[name] |= show_closures(f"drawn: {name}", drawn)
    else:
        floors(places, clips, made, tracks)
        noise_rows(model, places, clips, tracks)
    figures["motion"] |= show_closures("motion", tracks)
    show_closures("real video", tracks, real=True)
    if not args.rendered:
        figures["facegood"] = facegood_rows(model, places.data)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0
