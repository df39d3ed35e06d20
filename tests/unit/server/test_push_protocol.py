"""The words of the push websocket."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.push_protocol import (
    BAD_DATA,
    MAX_MESSAGE_BYTES,
    MAX_SPEAK,
    POLICY,
    RATES_HZ,
    TOO_BIG,
    Control,
    End,
    Interrupt,
    PushError,
    Start,
    check_sound,
    event_message,
    parse_control,
)
from server.timeline import SegmentEvent


@pytest.mark.parametrize("rate", RATES_HZ)
def test_a_start_names_rate_and_segment(rate: int) -> None:
    text = json.dumps({"type": "start", "sample_rate": rate, "segment": "s1"})
    assert parse_control(text) == Start(rate, "s1")


def test_the_other_messages() -> None:
    assert parse_control('{"type": "end"}') == End(None)
    assert parse_control('{"type": "end", "segment": "a"}') == End("a")
    assert parse_control('{"type": "interrupt"}') == Interrupt()
    full = '{"type": "start", "sample_rate": 8000, "format": "pcm16", "channels": 1}'
    assert parse_control(full) == Start(8000, None)


@pytest.mark.parametrize(
    ("text", "close_code", "code"),
    [
        ("", BAD_DATA, "bad_json"),
        ("{", BAD_DATA, "bad_json"),
        ("[" * 4000, BAD_DATA, "bad_json"),
        ("[]", BAD_DATA, "bad_message"),
        ("5", BAD_DATA, "bad_message"),
        ('{"type": "end", "segment": "' + "x" * 5000 + '"}', TOO_BIG, "message_too_big"),
        ("x" * (MAX_SPEAK + 1), TOO_BIG, "message_too_big"),
        ('{"type": "speak"}', POLICY, "invalid_message"),
        ('{"type": "speak", "text": 5}', POLICY, "invalid_message"),
        ('{"type": "speak", "text": "a", "emotion": {"intensity": 7}}', POLICY, "invalid_message"),
        ('{"type": "speak", "text": "a", "voce": "x"}', POLICY, "unknown_field"),
        ('{"type": "mark", "name": ""}', POLICY, "invalid_message"),
        ('{"type": "mark", "name": "a", "position_s": -1}', POLICY, "invalid_message"),
        ('{"type": "hello", "version": "one"}', POLICY, "invalid_message"),
        ("{}", POLICY, "unknown_type"),
        ('{"type": "stop"}', POLICY, "unknown_type"),
        ('{"type": ["end"]}', POLICY, "unknown_type"),
        ('{"type": "end", "segmnt": "x"}', POLICY, "unknown_field"),
        ('{"type": "start"}', POLICY, "bad_sample_rate"),
        ('{"type": "start", "sample_rate": NaN}', BAD_DATA, "bad_json"),
        ('{"type": "start", "sample_rate": 44101}', POLICY, "bad_sample_rate"),
        ('{"type": "start", "sample_rate": 7999}', POLICY, "bad_sample_rate"),
        ('{"type": "start", "sample_rate": 96000}', POLICY, "bad_sample_rate"),
        ('{"type": "start", "sample_rate": "16000"}', POLICY, "bad_sample_rate"),
        ('{"type": "start", "sample_rate": true}', POLICY, "bad_sample_rate"),
        ('{"type": "start", "sample_rate": 16000.5}', POLICY, "bad_sample_rate"),
        ('{"type": "start", "sample_rate": 16000, "format": "f32"}', POLICY, "bad_format"),
        ('{"type": "start", "sample_rate": 16000, "channels": 2}', POLICY, "bad_channels"),
        ('{"type": "start", "sample_rate": 16000, "segment": ""}', POLICY, "bad_segment"),
        ('{"type": "end", "segment": 5}', POLICY, "bad_segment"),
        (json.dumps({"type": "end", "segment": "x" * 65}), POLICY, "bad_segment"),
    ],
)
def test_what_is_wrong_is_said_with_the_close_code(text: str, close_code: int, code: str) -> None:
    with pytest.raises(PushError) as caught:
        parse_control(text)
    assert (caught.value.close_code, caught.value.code) == (close_code, code)
    assert str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_a_message_or_a_named_error(text: str) -> None:
    try:
        assert isinstance(parse_control(text), Control)
    except PushError as error:
        assert error.close_code in (BAD_DATA, POLICY, TOO_BIG)


def test_sound_is_whole_samples_and_not_too_much() -> None:
    assert check_sound(b"\x00\x01") == b"\x00\x01"
    assert check_sound(b"") == b""
    with pytest.raises(PushError, match="even number of bytes, got 3") as caught:
        check_sound(b"abc")
    assert caught.value.close_code == BAD_DATA
    with pytest.raises(PushError) as caught:
        check_sound(bytes(MAX_MESSAGE_BYTES + 2))
    assert caught.value.close_code == TOO_BIG


def test_what_the_client_is_told_of_a_segment() -> None:
    assert event_message(SegmentEvent("started", "s1", 0.0)) == {"type": "started", "segment": "s1"}
    assert event_message(SegmentEvent("finished", "s1", 1.23456, True)) == {
        "type": "finished",
        "segment": "s1",
        "position_s": 1.235,
        "interrupted": True,
        "reason": "interrupted",
    }
    told = event_message(SegmentEvent("finished", "s1", 0.0, True, {"reason": "cleared"}))
    assert told["reason"] == "cleared"
    assert event_message(SegmentEvent("finished", "s1", 1.0))["reason"] == "spoken"
    mark = SegmentEvent("mark", "s1", 0.5, detail={"type": "mark", "name": "here"})
    assert event_message(mark) == {
        "type": "mark",
        "segment": "s1",
        "position_s": 0.5,
        "name": "here",
    }
