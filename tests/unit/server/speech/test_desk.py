"""A client's message is done or answered with what is wrong; nothing is raised."""

from __future__ import annotations

import pytest

from server.live_voice import LiveVoice
from server.push_protocol import PushError
from server.push_timeline import PushTimeline
from server.speech.desk import answer, check_version, too_long
from tests.support.tone_voice import ToneVoice, chosen


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"type": "speak", "text": "hi", "segment": "a"}, "queued"),
        ({"type": "speak", "text": "hi", "emotion": {"label": "joy"}}, "queued"),
        ({"type": "speak", "text": "hi", "emotion": {"label": "hangry"}}, "bad_emotion"),
        ({"type": "speak", "text": "hi", "emotion": {}}, "bad_emotion"),
        ({"type": "speak", "text": "hi", "voice": "bass"}, "unknown_voice"),
        ({"type": "speak", "text": "x" * 100_000}, "text_too_long"),
        ({"type": "speak"}, "invalid_message"),
        ({"type": "speak", "text": "hi", "loud": True}, "unknown_field"),
        ({"type": "mark", "name": "m"}, "refused"),
        ({"type": "hello"}, "hello"),
        ({"type": "hello", "version": 2}, "unsupported_version"),
        ({"type": "clear"}, None),
    ],
)
async def test_each_message_has_its_answer(message: dict[str, object], kind: str | None) -> None:
    voice = LiveVoice(PushTimeline(), lambda: None, chosen(ToneVoice()))
    told = answer(voice, message)
    await voice.aclose()
    assert (told and told.get("code", told["type"])) == kind
    if told and told["type"] == "error":
        assert told["message"]


def test_a_session_without_pushed_speech_says_what_to_do() -> None:
    told = answer(None, {"type": "speak", "text": "hi"})
    assert told is not None and told["code"] == "wrong_voice" and "push" in str(told["hint"])


def test_versions_of_the_address() -> None:
    check_version(None)
    check_version("1")
    for asked in ("0", "2", "one", ""):
        with pytest.raises(PushError, match="this server speaks 1"):
            check_version(asked)


def test_a_long_message_of_the_page_is_told_with_the_limit() -> None:
    told = too_long(40_000, 32_768)
    assert told["code"] == "message_too_big" and "32768" in str(told["message"])
