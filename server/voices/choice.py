"""Which voice the server speaks with: the one that is set, or the best that is there.

Called once at start, on a thread: listing voices and loading a model take time.
Never hides why a provider was passed over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from server.settings_section import SettingsError
from server.voices.espeak import EspeakVoice
from server.voices.faults import VoiceUnavailable
from server.voices.openai_speech import OpenAiVoice
from server.voices.pocket import PocketVoice
from server.voices.settings import VoiceSettings
from server.voices.values import TextToSpeech, Voice

log = logging.getLogger(__name__)
BEST_FIRST: Mapping[str, Callable[[VoiceSettings], TextToSpeech]] = {
    "openai": OpenAiVoice,
    "local": PocketVoice,
    "espeak": EspeakVoice,
}
OFF = "voices.provider is off"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The provider, and what was said of those before it."""

    speech: TextToSpeech | None
    reason: str
    """In words: why this one, or why none."""
    default: Voice | None = None
    """What speaks when a client does not choose."""


NO_VOICE = Chosen(None, OFF)


def choose_voice(settings: VoiceSettings) -> Chosen:
    """The provider that the settings ask for.

    Raises SettingsError when one was named that cannot be had, or a default voice it has not;
    with `auto` there may be none.
    """
    if settings.provider == "off":
        return NO_VOICE
    if settings.provider != "auto":
        try:
            found = BEST_FIRST[settings.provider](settings)
        except VoiceUnavailable as error:
            raise SettingsError(f"voices.provider: {error.message}; {error.hint}") from error
        return _with_default(Chosen(found, "voices.provider names it"), settings)
    passed = []
    for name, make in BEST_FIRST.items():
        try:
            found = make(settings)
        except VoiceUnavailable as error:
            passed.append(f"{name}: {error.message}")
            continue
        reason = "the best that is there" + (f" ({'; '.join(passed)})" if passed else "")
        return _with_default(Chosen(found, reason), settings)
    log.warning("no voice: texts cannot be spoken", extra={"why": "; ".join(passed)})
    return Chosen(None, "; ".join(passed))


def _with_default(chosen: Chosen, settings: VoiceSettings) -> Chosen:
    assert chosen.speech is not None
    voices = {voice.name: voice for voice in chosen.speech.voices}
    name = settings.default_voice or next(iter(voices))
    if name not in voices:
        raise SettingsError(
            f"voices.default_voice: {chosen.speech.name} has no voice {name!r}, wanted one of "
            + ", ".join(list(voices)[:8])
        )
    log.info("a voice is there", extra={"voice": chosen.speech.name, "why": chosen.reason})
    return replace(chosen, default=voices[name])
