"""Named models are looked for without a network."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from engines.extras import install_hint
from engines.render import nets
from server import drawing as drawing_module
from server.model_checks import models, renderer
from server.settings import EmotionSettings, RenderSettings, Settings
from tests.support.tiny_renderer import write_weights


@pytest.fixture(autouse=True)
def libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """All installed, cheap to import; and no way out."""
    for name in ("torch", "transformers"):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace())
    whisper = SimpleNamespace(available_models=lambda: ["tiny.en", "base"])
    monkeypatch.setitem(sys.modules, "faster_whisper", whisper)

    def offline(*arguments: object) -> None:
        raise AssertionError("asked a network")

    monkeypatch.setattr(socket.socket, "connect", offline)


def named(**models_: str) -> Settings:
    return Settings(emotion=EmotionSettings(**models_))


def test_none_is_named() -> None:
    finding = models(Settings())
    assert (finding.name, finding.state) == ("models", "ok")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("asr_model", "nosuch"),
        ("asr_model", "/no/such/folder"),
        ("asr_model", "~/no-such-folder"),
        ("text_model", "./no/such"),
        ("speech_model", "../no-such"),
    ],
)
def test_what_is_nothing_is_told_with_the_setting(key: str, name: str) -> None:
    finding = models(named(**{key: name}))
    assert finding.state == "fail"
    assert f"emotion.{key}" in finding.said and name in finding.said
    assert "name a folder" in finding.remedy
    assert ("tiny.en" in finding.remedy) == (key == "asr_model")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("asr_model", "tiny.en"),
        ("asr_model", "somebody/whisper"),
        ("text_model", "somebody/roberta"),
        ("speech_model", "wav2vec2"),
    ],
)
def test_what_may_be_published_is_not_asked_for(key: str, name: str) -> None:
    finding = models(named(**{key: name}))
    assert finding.state == "ok" and f"{name} (not asked for" in finding.said


def test_a_folder_that_is_there_is_taken(tmp_path: Path) -> None:
    finding = models(named(text_model=str(tmp_path), asr_model=str(tmp_path)))
    assert finding.state == "ok" and "(a folder)" in finding.said


@pytest.mark.parametrize(
    ("key", "library", "extra"),
    [("asr_model", "faster_whisper", "asr"), ("text_model", "transformers", "hub")]
    + [("speech_model", "torch", "hub")],
)
def test_a_missing_library_names_its_extra(
    monkeypatch: pytest.MonkeyPatch, key: str, library: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    finding = models(named(**{key: "a/b"}))
    assert finding.state == "fail" and f"{library} is not installed" in finding.said
    assert f"[{extra}]" in finding.remedy


def test_one_remedy_for_two_of_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    finding = models(named(text_model="a/b", speech_model="c/d"))
    assert finding.said.count("not installed") == 2
    assert finding.remedy == install_hint("hub")


def test_what_draws_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "renderer"
    monkeypatch.setattr(
        drawing_module, "load", lambda _, backend: nets.load(folder, backend=backend)
    )
    absent = renderer(Settings())
    assert absent.state == "ok" and "not installed" in absent.said
    asked = renderer(Settings(render=RenderSettings("diffusion")))
    assert asked.state == "fail" and "render.renderer" in asked.said
    write_weights(folder)
    assert "diffusion" in renderer(Settings()).said
    (folder / "eye.onnx").write_bytes(b"")
    damaged = renderer(Settings())
    assert damaged.state == "fail" and "eye.onnx" in damaged.said and damaged.remedy
