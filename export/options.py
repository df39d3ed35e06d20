"""Options that several programs share.

Offline; pure but for the environment.
Never decides what follows where an option is left out: whoever asks for it does.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

TRACKER_ENV = "SYNCHRORAMA_TRACKER_PYTHON"
"""Names the interpreter of `.venv-track`, where MediaPipe and the judges are."""


def add_tracker(parser: argparse.ArgumentParser, told: str) -> None:
    """`--tracker-python`: as given, or by TRACKER_ENV, or None; `told` is its help."""
    tracker = os.environ.get(TRACKER_ENV)
    default = Path(tracker) if tracker else None
    parser.add_argument("--tracker-python", type=Path, default=default, help=told)
