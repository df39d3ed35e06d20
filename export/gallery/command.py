"""The command that makes the gallery's portraits again from the data folder.

Runs on the main thread, single-threaded.
Never writes or copies a source portrait.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2

from engines.avatars.fit import BadPortrait
from engines.avatars.store import BUILTIN
from engines.face.finder import BadFace
from export.gallery.fitting import fit_portrait
from export.gallery.likeness import Likeness
from export.gallery.people import RECIPES
from export.gallery.recipes import Recipe
from export.gallery.sources import Portraits, SourceError
from export.gallery.studio import FaceSpace, build, search, write
from export.rig.tracker import TrackerFailed


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status: 1 when a portrait is too near a source."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cv2.setNumThreads(1)
    chosen = [RECIPES[options.only]] if options.only else list(RECIPES.values())
    try:
        if options.search:
            return _search(chosen, options)
        bad = 0 if options.fit_only else _make(chosen, options)
        if options.fit or options.fit_only:
            for recipe in chosen:
                print(fit_portrait(recipe, options.out, options.avatars))
    except (SourceError, TrackerFailed, BadPortrait, BadFace, OSError) as error:
        print(f"gallery: {error}", file=sys.stderr)
        return 1
    return 1 if bad else 0


def _make(chosen: Sequence[Recipe], options: argparse.Namespace) -> int:
    """Makes and measures; returns how many may not ship."""
    portraits = Portraits(options.data / "portraits", options.cache)
    space, likeness = FaceSpace(portraits), Likeness(portraits)
    options.out.mkdir(parents=True, exist_ok=True)
    bad = 0
    for recipe in chosen:
        start = time.perf_counter()
        made = build(recipe, portraits, space, options.size)
        path = write(made, recipe.name, options.out)
        figures = likeness.look(made.picture, made.shape)
        print(f"{path}: {figures}, {time.perf_counter() - start:.0f} s")
        for fault in figures.faults:
            bad += 1
            print(f"gallery: {recipe.name}: {fault}", file=sys.stderr)
    return bad


def _search(chosen: Sequence[Recipe], options: argparse.Namespace) -> int:
    portraits = Portraits(options.data / "portraits", options.cache)
    space, likeness = FaceSpace(portraits), Likeness(portraits)
    for recipe in chosen:
        found = search(recipe, portraits, space, likeness)
        print(f"{recipe.name}: identity {found.identity:.3f} ({found.source}), step={found.step}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="export gallery", description=__doc__)
    default = os.environ.get("SYNCHRORAMA_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default), help="training data folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the portraits")
    parser.add_argument("--only", choices=sorted(RECIPES), help="make one of them")
    parser.add_argument("--size", type=int, default=640, help="side in pixels")
    parser.add_argument("--cache", type=Path, help="folder that keeps landmarks and mattes")
    parser.add_argument("--search", action="store_true", help="print a step away from all sources")
    parser.add_argument("--fit", action="store_true", help="then fit them as built-in avatars")
    parser.add_argument("--fit-only", action="store_true", help="fit those that lie in --out")
    parser.add_argument("--avatars", type=Path, default=BUILTIN, help="folder of the avatars")
    return parser
