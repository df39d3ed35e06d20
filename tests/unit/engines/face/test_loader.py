"""The finder a program gets, with and without mediapipe."""

from __future__ import annotations

import importlib.util
import logging
import sys
import types
from typing import Any

import pytest

from engines.face.finder import FaceFinder
from engines.face.loader import load_finder
from engines.face.mediapipe_finder import MediapipeFinder


class Net:
    """Stands for a mediapipe graph."""

    def __init__(self, **options: Any) -> None:
        self.options = options


def installed(monkeypatch: pytest.MonkeyPatch, module: types.ModuleType) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "mediapipe", module)


def with_models() -> types.ModuleType:
    made = types.ModuleType("mediapipe")
    made.solutions = types.SimpleNamespace(  # type: ignore[attr-defined]
        face_mesh=types.SimpleNamespace(FaceMesh=Net),
        selfie_segmentation=types.SimpleNamespace(SelfieSegmentation=Net),
    )
    return made


def test_without_the_extra_the_shipped_nets_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert type(load_finder()) is FaceFinder


def test_with_the_extra_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, with_models())
    assert type(load_finder()) is MediapipeFinder


def test_a_mediapipe_without_models_is_told_and_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    installed(monkeypatch, types.ModuleType("mediapipe"))
    with caplog.at_level(logging.WARNING):
        assert type(load_finder()) is FaceFinder
    assert "of no use" in caplog.text
