"""A voice's faults are the page's."""

from __future__ import annotations

import pytest

from server.assistant.faults import Fault
from server.assistant.speaking import Speaker
from server.voices.faults import UnknownVoice, VoiceBusy, VoiceCut, VoiceDenied, VoiceFault
from tests.support.fake_assistant import FakeSpeech


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (VoiceDenied("no"), "tts_unauthorized"),
        (VoiceBusy("no"), "tts_busy"),
        (UnknownVoice("no"), "tts_unknown"),
        (VoiceCut("no"), "tts_broken"),
    ],
)
async def test_each_fault_has_its_name(error: VoiceFault, code: str) -> None:
    speech = FakeSpeech(fails={"Hi": error})
    with pytest.raises(Fault) as caught:
        async for _ in Speaker(speech).speak("Hi"):
            pass
    assert caught.value.code == code
    assert speech.closed == 1


async def test_closing_it_closes_the_voice() -> None:
    speech = FakeSpeech()
    pieces = Speaker(speech, "ann", "en").speak("A text of some length")
    await anext(pieces)
    await pieces.aclose()
    assert speech.closed == 1
