"""Options that several programs share."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from export.options import TRACKER_ENV, add_tracker


def parsed(*words: str) -> Path | None:
    parser = argparse.ArgumentParser()
    add_tracker(parser, "of the judges")
    found: Path | None = parser.parse_args(words).tracker_python
    return found


def test_the_tracker_is_as_given_or_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TRACKER_ENV, raising=False)
    assert parsed() is None
    monkeypatch.setenv(TRACKER_ENV, "there/python")
    assert parsed() == Path("there/python")
    assert parsed("--tracker-python", "here/python") == Path("here/python")
