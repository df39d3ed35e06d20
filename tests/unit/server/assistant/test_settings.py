"""The section `assistant`."""

from __future__ import annotations

import pytest

from server.assistant.settings import AssistantSettings
from server.settings_section import SettingsError


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"llm_url": "ftp://x"}, "assistant.llm_url: got 'ftp://x', wanted http://"),
        ({"asr_url": "x"}, "assistant.asr_url"),
        ({"realtime_url": "https://x"}, "wanted ws:// or wss://"),
        ({"llm_url": "http://user:pass@x/v1"}, "assistant.key_env"),
        ({"timeout_s": 0.0}, "assistant.timeout_s"),
        ({"max_letters": 1}, "assistant.max_letters"),
    ],
)
def test_wrong_values_are_refused_with_what_was_wanted(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(SettingsError) as caught:
        AssistantSettings(**wrong)  # type: ignore[arg-type]
    assert why in str(caught.value)


def test_nothing_is_sent_anywhere_by_default() -> None:
    usual = AssistantSettings()
    assert (usual.llm_url, usual.asr_url, usual.realtime_url, usual.key_env) == (None,) * 4
