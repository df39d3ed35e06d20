"""The local model: its files, and what is refused of them. Speech: tests/contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.voices.faults import VoiceUnavailable
from server.voices.pocket import PocketVoice
from server.voices.settings import VoiceSettings
from tests.support.tiny_voice import make_tiny_voice

pytest.importorskip("pocket_tts")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_voice(tmp_path_factory.mktemp("voice"))


def load(path: Path) -> PocketVoice:
    return PocketVoice(VoiceSettings(local_model=str(path)))


async def test_voices_are_the_files_beside_it_and_the_language_its_name(model: Path) -> None:
    speech = load(model)
    assert [(each.name, each.language, each.title) for each in speech.voices] == [
        ("hum", "en", "Hum")
    ]
    await speech.aclose()
    await speech.aclose()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("weights_path: model", "weights_path: hf://someone/model", "on a network"),
        ("weights_path: model", "weights_path: none", "FileNotFound"),
        ("d_model: 16", "d_model: 32", "RuntimeError"),
        ("flow_lm:", "flow_ml:", "ValidationError"),
        ("flow_lm:", "flow_lm: [", "Error"),
    ],
)
def test_a_model_that_cannot_be_read_says_why(
    model: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    changed = model.with_name("changed.yaml")
    text = model.read_text()
    assert old in text
    changed.write_text(text.replace(old, new, 1))
    with pytest.raises(VoiceUnavailable, match=said) as caught:
        load(changed)
    changed.unlink()
    assert "docs/speak.md" in caught.value.hint


def test_a_model_without_voices_is_none(model: Path, tmp_path: Path) -> None:
    for file in model.parent.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(VoiceUnavailable, match="no .*safetensors lies in voices"):
        load(tmp_path / model.name)


@pytest.mark.parametrize("path", ["", "/no/such/model.yaml"])
def test_no_file_is_told(path: str) -> None:
    with pytest.raises(VoiceUnavailable, match="names no file"):
        load(Path(path))
