"""The section `voices`."""

from __future__ import annotations

import pytest

from server.settings_section import SettingsError
from server.voices.choice import BEST_FIRST
from server.voices.settings import PROVIDERS, VoiceSettings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"provider": "siri"}, "wanted one of auto"),
        ({"openai_url": "ftp://x"}, "wanted http"),
        ({"openai_url": "http://me:key@x/v1"}, "openai_key_env"),
        ({"openai_voices": ()}, "at least one"),
        ({"timeout_s": 0}, "0.1 to 120"),
        ({"espeak_words_per_minute": 9}, "80 to 450"),
    ],
)
def test_wrong_values_are_refused_with_what_was_wanted(given: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        VoiceSettings(**given)  # type: ignore[arg-type]


def test_each_provider_can_be_named() -> None:
    assert set(PROVIDERS) == {"auto", "off", *BEST_FIRST}
