"""Rows of lip nets trained by one recipe with one thing changed: look-ahead, or a kind of data.

Offline; prints its rows.
Never judges the shipped net: its figures, from more epochs, are those of `evaluate lips`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engines.motion.lips import LipModel
from engines.values import F32, SAMPLE_RATE_HZ
from export.data import grid
from export.evaluate import lip_run
from export.evaluate.lip_rows import HEAD, show, show_closures
from export.evaluate.lip_strangers import facegood_rows, stranger_rows
from export.evaluate.lips_cli import FLOOR_CLIPS, floors, grid_tracks
from export.train.lip_data import GridClip, Places, grid_clips

Figures = dict[str, dict[str, float]]


def clips_of(places: Places, count: int | None) -> tuple[list[GridClip], list[GridClip]]:
    """Test clips (the first `count`), and the training clips of the floors."""
    parts = grid.split(grid.clip_names(places.data))
    return (
        grid_clips(places, parts["test"][:count]),
        grid_clips(places, parts["train"][:FLOOR_CLIPS]),
    )


def row(places: Places, clips: list[GridClip], name: str, made: list[F32]) -> dict[str, float]:
    """In-speech figures of one net's lips on the test clips."""
    tracks = grid_tracks(places, clips, made)
    return show(name, tracks) | show_closures(f"  {name}", tracks)


def compare(
    places: Places, weights: Mapping[str, Path], count: int | None, *, strangers: bool
) -> Figures:
    """A row for each net; `strangers`: unseen readers and another language as well."""
    clips, train = clips_of(places, count)
    models = {name: LipModel.load(folder) for name, folder in weights.items()}
    print(f"GRID, {len(clips)} test clips, in speech only\n{HEAD}")
    figures: Figures = {}
    made: list[F32] = []
    for name, model in models.items():
        made = [lip_run.hear(model, c.samples, len(c.geometry)).geometry for c in clips]
        figures[name] = row(places, clips, name, made)
        figures[name]["lookahead_ms"] = model.lookahead * 1000 / SAMPLE_RATE_HZ
    floors(clips, train, made, grid_tracks(places, clips, made))
    for name, model in models.items() if strangers else ():
        print(f"\n{name}")
        readers = stranger_rows(model, places, train)
        talk = facegood_rows(model, places.data)
        figures[name] |= {f"readers {key}": value for key, value in readers.items()}
        figures[name] |= {f"facegood {key}": value for key, value in talk.items()}
    return figures
