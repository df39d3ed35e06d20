"""What an evaluation finds, kept as JSON.

Offline; writes one file.
Never works out a figure.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping

from export.data.grid import DataMissing


def keep(
    name: str,
    args: argparse.Namespace,
    find: Callable[[argparse.Namespace], Mapping[str, object]],
) -> int:
    """Find figures and write them to `args.json`, where it is given; 1 where data is missing."""
    try:
        figures = find(args)
    except DataMissing as error:
        sys.stderr.write(f"evaluate {name}: {error}\n")
        return 1
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0
