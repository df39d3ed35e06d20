"""Every provider is a TextToSpeech: the Protocol and the classes agree."""

from __future__ import annotations

import inspect

import pytest

from server.voices.choice import BEST_FIRST
from server.voices.values import TextToSpeech


@pytest.mark.parametrize("provider", list(BEST_FIRST.values()))
def test_a_provider_has_what_the_protocol_names(provider: type) -> None:
    for name in ("name", "voices", "speak", "aclose"):
        assert inspect.getdoc(getattr(provider, name)), name
    wanted = list(inspect.signature(TextToSpeech.speak).parameters)
    assert list(inspect.signature(provider.speak).parameters) == wanted  # type: ignore[attr-defined]
