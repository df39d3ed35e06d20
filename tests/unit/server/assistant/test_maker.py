"""Assistants from settings: what is there, and what to set for what is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engines.values import F32
from server.assistant.dialogue import Dialogue
from server.assistant.maker import AssistantMaker
from server.assistant.realtime import Realtime
from server.assistant.settings import AssistantSettings
from server.listener import Ears
from server.settings_section import SettingsError
from tests.support.fake_assistant import FakeFace, FakeSpeech


async def test_with_nothing_set_everything_is_named() -> None:
    maker = AssistantMaker(AssistantSettings(), None, None)
    assert [part for part, _ in maker.missing] == ["asr", "llm", "tts"]
    assert "assistant.llm_url" in dict(maker.missing)["llm"]
    face = FakeFace()
    made = maker.make(face.body)
    assert isinstance(made, Dialogue)
    made.introduce()
    made.begin()
    assert face.events("assistant")[0]["parts"] == {"asr": False, "llm": False, "tts": False}
    await made.aclose()
    await maker.aclose()


class Scribe:
    def transcribe(self, phrase: F32) -> str:
        return ""


async def test_with_all_set_nothing_is_missing() -> None:
    url = "http://127.0.0.1:9/v1"
    settings = AssistantSettings(llm_url=url, asr_url=url)
    maker = AssistantMaker(settings, None, FakeSpeech())
    assert maker.missing == ()
    await maker.aclose()
    with ThreadPoolExecutor(1) as thread:
        local = AssistantMaker(AssistantSettings(), Ears(Scribe(), thread), None)
        assert [part for part, _ in local.missing] == ["llm", "tts"]
        await local.aclose()


async def test_one_socket_takes_the_place_of_all() -> None:
    settings = AssistantSettings(realtime_url="ws://127.0.0.1:9/v1/realtime")
    maker = AssistantMaker(settings, None, None)
    assert maker.missing == ()
    made = maker.make(FakeFace().body)
    assert isinstance(made, Realtime)
    await made.aclose()
    await maker.aclose()


def test_a_detector_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"assistant\.vad_model"):
        AssistantMaker(AssistantSettings(vad_model=str(tmp_path / "no.onnx")), None, None)
