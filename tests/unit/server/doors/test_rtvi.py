"""Pipecat's words."""

from __future__ import annotations

import pytest

from server.doors.rtvi import is_rtvi, reply, translated

READY = {"label": "rtvi-ai", "type": "client-ready", "id": "7", "data": {}}


def test_a_client_that_is_ready_is_told_that_we_are() -> None:
    answer = reply(READY)
    assert answer is not None
    assert (answer["type"], answer["id"]) == ("bot-ready", "7")


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "client-ready"},
        {"label": "rtvi-ai"},
        {"label": "rtvi-ai", "type": 5},
        {"label": "rtvi-ai", "type": "whatever"},
        {"type": "signalling", "message": {}},
    ],
)
def test_others_get_no_answer(message: dict[str, object]) -> None:
    assert reply(message) is None


def test_what_we_cannot_do_is_said_and_ids_are_short() -> None:
    answer = reply({"label": "rtvi-ai", "type": "send-text", "id": "x" * 999})
    assert answer is not None
    assert answer["type"] == "error-response" and len(str(answer["id"])) == 64


def test_which_messages_are_theirs() -> None:
    assert is_rtvi(READY) and is_rtvi({"type": "signalling"})
    assert not is_rtvi({"type": "interrupt"})


def test_our_events_that_have_a_word_there() -> None:
    speaking = translated({"type": "state", "speaking": True})
    silent = translated({"type": "state", "speaking": False})
    said = translated({"type": "transcript", "text": "hello"})
    assert speaking is not None and speaking["type"] == "bot-started-speaking"
    assert silent is not None and silent["type"] == "bot-stopped-speaking"
    assert said is not None and said["data"] == {
        "text": "hello",
        "final": True,
        "user_id": "",
        "timestamp": "",
    }
    assert translated({"type": "stats"}) is None
