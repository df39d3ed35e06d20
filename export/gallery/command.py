"""The command that makes the gallery's portraits again from the data folder.

Runs on the main thread, single-threaded.
Never writes or copies a source portrait.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from export.gallery.recipes import RECIPES
from export.gallery.sources import Portraits, SourceError
from export.gallery.studio import FaceSpace, build


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="export gallery", description=__doc__)
    default = os.environ.get("SYNCHRORAMA_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default), help="training data folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the portraits")
    parser.add_argument("--only", choices=sorted(RECIPES), help="make one of them")
    parser.add_argument("--size", type=int, default=640, help="side in pixels")
    parser.add_argument("--cache", type=Path, help="folder that keeps landmarks and mattes")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cv2.setNumThreads(1)
    try:
        portraits = Portraits(options.data / "portraits", options.cache)
        space = FaceSpace(portraits)
        options.out.mkdir(parents=True, exist_ok=True)
        chosen = [RECIPES[options.only]] if options.only else list(RECIPES.values())
        for recipe in chosen:
            print(build(recipe, portraits, space, options.size, options.out))
    except SourceError as error:
        print(f"gallery: {error}", file=sys.stderr)
        return 1
    return 0
