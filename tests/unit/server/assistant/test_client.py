"""The bounded client: what is missing is said."""

from __future__ import annotations

import sys

import pytest

from server.assistant.client import connect, faults_of, key_of
from server.assistant.faults import Fault


async def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(Fault) as caught:
        connect("http://127.0.0.1:9/v1", None, 1.0, "llm")
    assert caught.value.code == "llm_missing"
    assert "synchrorama-live[llm]" in caught.value.hint


async def test_a_client_never_retries_or_follows() -> None:
    client = connect("https://127.0.0.1:9/v1", None, 1.0, "asr")
    assert client.max_retries == 0
    assert client.api_key == "none"
    await client.close()


def test_a_key_is_read_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURN_KEY", "k")
    assert key_of("TURN_KEY", "llm") == "k"
    assert key_of(None, "llm") == "none"


def test_a_bug_of_ours_is_not_called_the_providers() -> None:
    with pytest.raises(ZeroDivisionError), faults_of("llm", 1.0):
        raise ZeroDivisionError
    with pytest.raises(Fault), faults_of("llm", 1.0):
        raise KeyError("choices")
