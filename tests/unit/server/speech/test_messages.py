"""The messages as models: each names its type, and what is told by the code fits them."""

from __future__ import annotations

import typing

import pytest

from server.live_voice import LiveVoice
from server.push_protocol import event_message
from server.push_timeline import PushTimeline
from server.speech.desk import error_of
from server.speech.messages import SENT, TOLD, HelloTold
from server.timeline import SegmentEvent
from tests.support.tone_voice import ToneVoice, chosen


@pytest.mark.parametrize("models", [SENT, TOLD])
def test_each_model_has_the_type_it_is_listed_under(models: dict[str, type]) -> None:
    for name, model in models.items():
        hints = typing.get_type_hints(model)
        assert typing.get_args(hints["type"]) == (name,)


def test_what_is_told_of_segments_fits_the_models() -> None:
    word = {"type": "word", "text": "hi", "start": 0, "end": 2, "estimated": True}
    for event in (
        SegmentEvent("started", "a", 0.0),
        SegmentEvent("finished", "a", 1.0, True),
        SegmentEvent("finished", "a", 1.0, detail={"reason": "failed"}),
        SegmentEvent("mark", "a", 1.0, detail={"type": "mark", "name": "m"}),
        SegmentEvent("word", "a", 1.0, detail=word),
    ):
        told = event_message(event)
        model = TOLD[str(told["type"])].model_validate(told)
        assert model.model_dump() == told
    TOLD["error"].model_validate(error_of("refused", "why"))


def test_hello_tells_voices_and_limits() -> None:
    voice = LiveVoice(PushTimeline(), lambda: None, chosen(ToneVoice()))
    told = HelloTold.model_validate(voice.hello())
    assert (told.speech.provider, told.speech.voice) == ("tone", "up")
    assert [each.name for each in told.speech.voices] == ["up", "down"]
