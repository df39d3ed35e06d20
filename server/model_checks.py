"""The doctor's look at the published models that the settings name, without fetching any.

Runs on the main thread; importing their libraries takes seconds.
Never loads a model, never asks a network.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from engines.extras import install_hint
from server.doctor import Finding
from server.settings import EmotionSettings, Settings
from server.settings_section import SettingsError

LIBRARIES = {"hub": ("torch", "transformers"), "asr": ("faster_whisper",)}
"""What each extra brings."""


def models(settings: Settings) -> Finding:
    """Whether the libraries of the named models are there, and their folders."""
    told, faults, remedies = [], [], []
    for key, name, extra in _named(settings.emotion):
        missing = _missing(extra)
        if missing:
            faults.append(f"emotion.{key} {name}: {missing} is not installed")
            remedies.append(install_hint(extra))
        elif _is_nothing(name, extra):
            faults.append(f"emotion.{key}: there is no model or folder {name!r}")
            remedies.append(_wanted(extra))
        else:
            here = Path(name).is_dir()
            told.append(f"{name} ({'a folder' if here else 'not asked for: fetched at the start'})")
    if faults:
        return Finding("models", "fail", "; ".join(faults), "; ".join(dict.fromkeys(remedies)))
    return Finding("models", "ok", ", ".join(told) or "those that ship; no other is named")


def renderer(settings: Settings) -> Finding:
    """Whether what draws the pictures is there and whole."""
    from engines.render.nets import BadRendererWeights
    from server.drawing import drawing_of

    try:
        drawing = drawing_of(settings.render)
    except SettingsError as error:
        remedy = "set render.renderer to auto or motion-frame, or install the weights"
        if settings.render.device != "cpu":
            remedy = "see gpu and tensorrt above, or set render.device to cpu"
        return Finding("renderer", "fail", str(error), remedy)
    except BadRendererWeights as error:
        said, _, remedy = str(error).rpartition("; ")
        return Finding("renderer", "fail", said, remedy)
    return Finding("renderer", "ok", f"{drawing.kind}: {drawing.said}")


def _named(wanted: EmotionSettings) -> Iterator[tuple[str, str, str]]:
    """Key, model and extra of each that is named."""
    keys = (("text_model", "hub"), ("speech_model", "hub"), ("asr_model", "asr"))
    for key, extra in keys:
        name = getattr(wanted, key)
        if name is not None:
            yield key, name, extra


def _missing(extra: str) -> str:
    """The first library of `extra` that cannot be imported; empty: none."""
    for library in LIBRARIES[extra]:
        try:
            importlib.import_module(library)
        except ImportError:
            return library
    return ""


def _is_nothing(name: str, extra: str) -> bool:
    """Whether `name` can be told, from here, to be no folder, no size and no repository."""
    if Path(name).is_dir():
        return False
    if name.startswith(("/", ".", "~")):
        return True
    # A repository without an owner may exist; of Whisper only sizes are named so.
    return extra == "asr" and "/" not in name and name not in _sizes()


def _sizes() -> list[str]:
    sizes: list[str] = importlib.import_module("faster_whisper").available_models()
    return sizes


def _wanted(extra: str) -> str:
    if extra == "asr":
        return f"name a folder, OWNER/REPOSITORY or one of {', '.join(_sizes())}"
    return "name a folder that is there, or a repository"
