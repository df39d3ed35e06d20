"""The section `voices` of the settings: who makes speech of text.

Plain data, read by every thread; built once with the others.
Never holds a key: it names the environment variable that does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from server.settings_section import Section, SettingsError, option

PROVIDERS = ("auto", "openai", "local", "espeak", "off")
OPENAI_VOICES = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse"
)  # fmt: skip


@dataclass(frozen=True)
class VoiceSettings(Section):
    """Who makes speech of text; docs/speak.md."""

    SECTION: ClassVar[str] = "voices"

    provider: str = option(
        "auto",
        "auto: the best that is there, in this order: openai (when voices.openai_url is set), local"
        " (when voices.local_model is), espeak; off: none.",
        choices=PROVIDERS,
    )
    default_voice: str | None = option(
        None, "Voice when the client does not choose; empty: the provider's first."
    )
    timeout_s: float = option(8.0, "Longest wait for the next piece of speech.", low=0.1, high=120)
    openai_url: str | None = option(
        None,
        "Base URL of an OpenAI-compatible API with /audio/speech, as https://api.openai.com/v1. "
        "Every text to be spoken is sent there.",
    )
    openai_model: str = option("gpt-4o-mini-tts", "Name of the speech model to ask for.")
    openai_key_env: str | None = option(
        None, "Name of the environment variable that holds the API key; empty: no key."
    )
    openai_voices: tuple[str, ...] = option(
        OPENAI_VOICES, "Voices that the API has, the default first."
    )
    local_model: str | None = option(
        None,
        "Pocket TTS model as a YAML file, its weights, its tokenizer and a folder `voices` beside "
        "it (extra `voice`).",
    )
    espeak_program: str = option("espeak-ng", "Program of eSpeak NG, by name or path.")
    espeak_words_per_minute: int = option(165, "How fast it speaks.", low=80, high=450)

    def __post_init__(self) -> None:
        """Raises SettingsError on a URL that is none of http or https, or on no voices."""
        super().__post_init__()
        if not self.openai_voices:
            raise SettingsError("voices.openai_voices: got none, wanted at least one name")
        if self.openai_url is None:
            return
        if not self.openai_url.startswith(("http://", "https://")):
            raise SettingsError(
                f"voices.openai_url: got {self.openai_url!r}, wanted http:// or https://"
            )
        if "@" in self.openai_url:
            raise SettingsError(
                "voices.openai_url holds a user name or key; see voices.openai_key_env"
            )
