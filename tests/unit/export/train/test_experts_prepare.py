"""What experts need on disk is drawn where it is missing, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.train import experts_prepare, sync_windows
from export.train.experts_data import acted_path


def test_only_what_is_missing_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[str, bool]] = []
    for name in ("play", "listen"):
        monkeypatch.setattr(
            experts_prepare, name, lambda data, cache, test, step, of=name: drawn.append((of, test))
        )
    experts_prepare.prepare(tmp_path, tmp_path, lambda: None)
    assert drawn == [("play", False), ("listen", False), ("play", True), ("listen", True)]
    drawn.clear()
    there = [acted_path(tmp_path, "mouth"), acted_path(tmp_path, "eye"),
             acted_path(tmp_path, "mouth", True), sync_windows.path_of(tmp_path, True)]  # fmt: skip
    for path in there:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    experts_prepare.prepare(tmp_path, tmp_path, lambda: None)
    assert drawn == [("listen", False), ("play", True)]
