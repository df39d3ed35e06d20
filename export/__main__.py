"""`python -m export`: the offline commands (train, evaluate, build).

One process, main thread.
Never imported by the server or the engines.
"""

from __future__ import annotations

import sys

from export.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
