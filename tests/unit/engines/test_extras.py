"""Extras are named with what installs them; a clone stays a clone."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from engines.extras import install_hint

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("extra", ["asr", "hub"])
def test_both_ways_are_told_and_the_extra_exists(extra: str) -> None:
    said = install_hint(extra)
    assert f"pip install 'synchrorama-live[{extra}]'" in said
    assert f".venv/bin/pip install -c constraints.txt -e '.[{extra}]'" in said
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert extra in project["optional-dependencies"]
    docs = (ROOT / "docs" / "emotion.md").read_text(encoding="utf-8")
    assert f"-c constraints.txt -e '.[{extra}]'" in docs
