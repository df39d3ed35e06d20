"""Events of the Realtime API, read and written; GA and beta names, and what is none."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.assistant import realtime_words as words
from server.assistant.faults import Fault

PCM = b"\x01\x02\x03\x04"
DELTA = base64.b64encode(PCM).decode()


@pytest.mark.parametrize("kind", ["response.output_audio.delta", "response.audio.delta"])
def test_sound_comes_under_both_names(kind: str) -> None:
    event = {"type": kind, "item_id": "i", "content_index": 1, "delta": DELTA}
    assert words.read_event(json.dumps(event)) == words.Audio("i", 1, PCM)


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ({"type": "session.updated", "session": {}}, words.Ready()),
        ({"type": "input_audio_buffer.speech_started"}, words.SpeechStarted()),
        ({"type": "input_audio_buffer.speech_stopped"}, words.SpeechStopped()),
        ({"type": "response.created", "response": {"id": "r"}}, words.Created("r")),
        ({"type": "response.audio.done", "item_id": "i"}, words.AudioDone("i")),
        (
            {"type": "response.audio_transcript.delta", "item_id": "i", "delta": "Hi"},
            words.Words("i", "Hi"),
        ),
        (
            {
                "type": "conversation.item.input_audio_transcription.completed",
                "transcript": " Hello ",
            },
            words.Heard("Hello"),
        ),
        ({"type": "response.done", "response": {"status": "completed"}}, words.Done(None)),
        ({"type": "rate_limits.updated"}, None),
        ({"type": "error", "error": {"code": "response_cancel_not_active"}}, None),
    ],
)
def test_events_are_read(event: dict[str, Any], wanted: words.Event | None) -> None:
    assert words.read_event(json.dumps(event)) == wanted


def test_failures_have_names() -> None:
    status = {"error": {"code": "rate_limit_exceeded"}}
    done = {
        "type": "response.done",
        "response": {"status": "failed", "status_details": status},
    }
    found = words.read_event(json.dumps(done))
    assert isinstance(found, words.Done) and found.fault is not None
    assert found.fault.code == "realtime_busy"
    done["response"] = {"status": "incomplete", "status_details": {"reason": "content_filter"}}
    found = words.read_event(json.dumps(done))
    assert isinstance(found, words.Done) and found.fault is not None
    assert "content_filter" in found.fault.message
    failed = words.read_event(json.dumps({"type": "error", "error": {"code": "bad"}}))
    assert isinstance(failed, words.Failed)
    assert failed.fault.code == "realtime_broken"


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        "5",
        '"text"',
        "{}",
        '{"type": 5, "x": 1}',
        '{"type": "response.created"}',
        '{"type": "response.created", "response": []}',
        '{"type": "response.output_audio.delta", "item_id": "i", "delta": "***"}',
        '{"type": "response.output_audio.delta", "item_id": "i", "delta": "AAA="}x',
        '{"type": "response.output_audio.delta", "item_id": "i", "delta": "AA=="}',
        '{"type": "response.output_audio.delta", "item_id": 7, "delta": "AAAA"}',
        '{"type": "error"}',
        "[" * 100_000,
    ],
)
def test_what_is_no_event_is_a_fault(message: str) -> None:
    try:
        assert words.read_event(message) is None
        assert '"type": 5' in message
    except Fault as fault:
        assert fault.code == "realtime_broken"


FIELDS = st.sampled_from(["type", "error", "response", "item_id", "delta"])
KINDS = st.sampled_from(["error", "response.done", "response.created", "response.audio.delta"])


@settings(max_examples=50)
@given(st.dictionaries(FIELDS, KINDS | st.none() | st.dictionaries(FIELDS, st.integers())))
def test_no_json_gets_past(value: object) -> None:
    try:
        words.read_event(json.dumps(value))
    except Fault as fault:
        assert fault.code == "realtime_broken"


def test_what_we_send() -> None:
    update = words.session_update("Be kind.", None, "de")["session"]
    assert isinstance(update, dict)
    assert "voice" not in update["audio"]["output"]
    assert update["audio"]["input"]["transcription"]["language"] == "de"
    assert words.append(PCM)["audio"] == DELTA
    assert words.truncate("i", 0, 1.2344)["audio_end_ms"] == 1234
    assert [event["type"] for event in words.typed("Hi")] == [
        "conversation.item.create",
        "response.create",
    ]
