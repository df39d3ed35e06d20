"""Command `evaluate lips`: lip figures on unseen clips, each with its floors.

Offline; main thread. `--rendered` draws the test clips and tracks the drawn lips.
Never reads a training or validation clip but for the time-only floor.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from engines.motion.lips import LipModel
from engines.values import F32
from export.data import grid
from export.data.sound import read_sound
from export.data.voices import voice_files
from export.evaluate import lip_run
from export.evaluate.figures_file import keep
from export.evaluate.lip_metrics import Track, follow, with_made
from export.evaluate.lip_rows import HEAD, show, show_closures
from export.evaluate.lip_strangers import facegood_rows, stranger_rows
from export.train.lip_data import GridClip, Places, grid_clips
from export.train.lips_cli import add_places, places_of

FLOOR_CLIPS = 300


def grid_tracks(places: Places, clips: list[GridClip], made: list[F32]) -> list[Track]:
    """Clips with their predictions."""
    words = grid.words(places.data)
    tracks = [
        Track(c.name, c.geometry, c.geometry, grid.speech_span(words[c.name]), c.phones)
        for c in clips
    ]
    return with_made(tracks, made)


def floors(
    clips: list[GridClip], train: list[GridClip], made: list[F32], tracks: list[Track]
) -> None:
    """Wrong sound, energy, time alone, a still mouth; of closures what chance gives."""
    wrong = with_made(tracks, made[1:] + made[:1])
    show("floor: another clip's sound", wrong)
    energy = [lip_run.log_energy(c.samples, len(c.geometry)) for c in clips]
    best = max(
        range(-2, 3),
        key=lambda lag: (
            follow(with_made(tracks, [np.roll(e, lag)[:, None].repeat(7, 1) for e in energy]), 0).r
        ),
    )
    shifted = [np.roll(e, best)[:, None].repeat(7, 1) for e in energy]
    show("floor: log energy, best shift", with_made(tracks, shifted))
    size = min(len(c.geometry) for c in clips + train)
    mean = np.mean([c.geometry[:size] for c in train], axis=0).astype(np.float32)
    show("floor: time alone (mean of train)", with_made(tracks, [mean] * len(clips)))
    show("floor: still mouth", with_made(tracks, [np.zeros_like(g) for g in made]))
    show_closures("floor: another clip's sound", wrong)


def noise_rows(model: LipModel, places: Places, clips: list[GridClip], base: list[Track]) -> None:
    """The same clips in noise and at low level."""
    voices = [read_sound(file) for file in voice_files(places.data)["test"]]
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


def rendered_rows(
    args: argparse.Namespace,
    places: Places,
    clips: list[GridClip],
    tracks: list[Track],
    model: LipModel,
) -> dict[str, dict[str, float]]:
    """The lips of each avatar as drawn, and as drawn for another clip's sound."""
    from export.evaluate.lips_rendered import choose_store, refined, rendered_tracks

    store = choose_store(args.avatars)
    factory = refined(args.renderer) if args.renderer else None
    figures: dict[str, dict[str, float]] = {}
    for name in args.avatar or store.names()[:1]:
        drawn = rendered_tracks(places, clips, tracks, name, store, model, factory)
        figures[name] = show(f"drawn: {name}", drawn)
        figures[name] |= show_closures(f"drawn: {name}", drawn)
        other = [track.made for track in drawn[1:] + drawn[:1]]
        show("floor: drawn for another clip", with_made(tracks, other))
    return figures


def figures_of(args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Every main figure, told as it comes. Raises DataMissing."""
    places = places_of(args)
    model = LipModel.load(args.weights)
    parts = grid.split(grid.clip_names(places.data))
    clips = grid_clips(places, parts[args.split][: args.clips])
    print(f"GRID, {len(clips)} {args.split} clips, in speech only\n{HEAD}")
    made = [lip_run.hear(model, c.samples, len(c.geometry)).geometry for c in clips]
    tracks = grid_tracks(places, clips, made)
    figures = {"motion": show(f"motion ({model.lookahead // 16} ms look-ahead)", tracks)}
    train = grid_clips(places, parts["train"][:FLOOR_CLIPS])
    floors(clips, train, made, tracks)
    if args.rendered:
        figures |= rendered_rows(args, places, clips, tracks, model)
    else:
        noise_rows(model, places, clips, tracks)
    figures["motion"] |= show_closures("motion", tracks)
    show_closures("real video", tracks, real=True)
    if not args.rendered:
        figures["strangers"] = stranger_rows(model, places, train)
        figures["facegood"] = facegood_rows(model, places.data)
    return figures


def main(argv: list[str]) -> int:
    """`python -m export evaluate lips`."""
    parser = argparse.ArgumentParser(prog="export evaluate lips", description=main.__doc__)
    add_places(parser)
    parser.add_argument("--weights", type=Path, help="weights folder (default: the shipped one)")
    parser.add_argument("--split", choices=("test", "validation"), default="test")
    parser.add_argument("--clips", type=int, help="only the first so many clips")
    parser.add_argument("--rendered", action="store_true", help="track the lips as drawn")
    parser.add_argument("--avatar", action="append", help="to draw (default: first built-in)")
    parser.add_argument("--renderer", type=Path, help="weights folder: draw with its nets")
    parser.add_argument("--avatars", type=Path, help="folder of more avatars")
    parser.add_argument("--json", type=Path, help="also write the main figures here")
    return keep("lips", parser.parse_args(argv), figures_of)
