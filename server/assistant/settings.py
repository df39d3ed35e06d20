"""The settings of the assistant in the box: section `assistant`.

Plain data, read by every thread.
Never holds a key: keys stay in the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from server.settings_section import Section, SettingsError, option

PROMPT = (
    "You are a friendly assistant with a face, in a spoken conversation. Answer in one to three "
    "short sentences of plain spoken language: no lists, no markup, no emoji. You may put stage "
    "directions in brackets where they fit, such as [smiles], [nods], [happily] or [sadly]."
)


@dataclass(frozen=True)
class AssistantSettings(Section):
    """Who answers in sessions with the voice `assistant`; docs/assistant.md. Nobody by default."""

    SECTION: ClassVar[str] = "assistant"

    llm_url: str | None = option(
        None,
        "Base URL of an OpenAI-compatible API that answers, as http://127.0.0.1:11434/v1; empty: "
        "what visitors type is spoken as it is. What they say is sent there.",
    )
    llm_model: str = option("default", "Name of the chat model to ask for.")
    asr_url: str | None = option(
        None,
        "Base URL of an API with /audio/transcriptions; visitors' sound is sent there. Empty: "
        "emotion.asr_model writes down what they say, on this machine.",
    )
    asr_model: str = option("whisper-1", "Name of its transcription model.")
    realtime_url: str | None = option(
        None,
        "Websocket of a Realtime API, as wss://api.openai.com/v1/realtime: it hears, answers and "
        "speaks in place of the three parts.",
    )
    realtime_model: str = option("gpt-realtime", "Name of its model.")
    realtime_voice: str | None = option(None, "Its voice; empty: its own choice.")
    key_env: str | None = option(
        None, "Name of the environment variable that holds the key for all of these; empty: none."
    )
    voice: str | None = option(None, "Voice to speak with; empty: the default of the voices.")
    language: str | None = option(
        None, "Two letters of the language spoken; empty: told from what is heard."
    )
    prompt: str = option(PROMPT, "System prompt.")
    greeting: str = option("", "Said when a visitor has come; empty: the visitor begins.")
    timeout_s: float = option(
        10.0, "Longest wait for the next piece of anything a provider sends.", low=0.2, high=120
    )
    max_letters: int = option(
        4000, "Longest answer; of a longer one the rest is cut.", low=100, high=100_000
    )
    vad_model: str | None = option(
        None, "Silero VAD as an ONNX file, to tell speech from noise; empty: WebRTC's detector."
    )

    def __post_init__(self) -> None:
        """Raises SettingsError on an address of another scheme, or one with a key in it."""
        super().__post_init__()
        schemes = {
            "llm_url": ("http://", "https://"),
            "asr_url": ("http://", "https://"),
            "realtime_url": ("ws://", "wss://"),
        }
        for name, wanted in schemes.items():
            url = getattr(self, name)
            if url is None:
                continue
            if not url.startswith(wanted):
                raise SettingsError(f"assistant.{name}: got {url!r}, wanted {' or '.join(wanted)}")
            if "@" in url:
                raise SettingsError(
                    f"assistant.{name} holds a user name or key; see assistant.key_env"
                )
