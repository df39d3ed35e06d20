"""The history folder: every run kept under its day, kind and commit, and read back in order.

Runs in the bench's process.
Never deletes or overwrites a run, and never stops at a file that is not the bench's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from server.bench.document import Document, read
from server.bench.needs import BenchError
from server.bench.report import Result, write_json

FOLDER = Path("artifacts/bench")
_UNSAFE = re.compile(r"[^A-Za-z0-9+]")


def keep(result: Result, when: str, commit: str | None, folder: Path) -> Path:
    """Write the result as `<when>-<kind>-<commit>.json`; `when` is ISO 8601. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    day = _UNSAFE.sub("", when.split("+")[0])
    stem = f"{day}-{result.kind}-{_UNSAFE.sub('', commit or 'none')}"
    path = folder / f"{stem}.json"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.json"
    write_json(result, path)
    return path


def runs(folder: Path, tell: Callable[[str], None], kind: str | None = None) -> list[Document]:
    """Every readable run, oldest first; `tell` gets a line for each that is not."""
    if not folder.is_dir():
        raise BenchError(f"{folder}: no such folder; each bench run adds to it")
    found: list[Document] = []
    for path in sorted(folder.glob("*.json")):
        try:
            document = read(path)
        except BenchError as error:
            tell(f"left out: {error}")
            continue
        if kind is None or document.kind == kind:
            found.append(document)
    return sorted(found, key=lambda document: document.when)
