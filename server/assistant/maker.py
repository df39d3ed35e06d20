"""Makes the assistants of sessions from the settings, and says which parts are not there.

Runs on the event loop; one for the server.
Never connects to anything before a visitor has spoken.
"""

from __future__ import annotations

from pathlib import Path

from engines.turns.silero import BadSilero, Silero
from engines.turns.taker import Detector, TurnTaker
from server.assistant.answer import Parts
from server.assistant.chat import ChatTalker
from server.assistant.dialogue import Dialogue
from server.assistant.interfaces import Assistant, Body
from server.assistant.realtime import Realtime, RealtimePlan
from server.assistant.settings import AssistantSettings
from server.assistant.speaking import Speaker
from server.assistant.transcribe import ApiScribe, LocalScribe
from server.listener import Ears
from server.settings_section import SettingsError
from server.voices.values import TextToSpeech

SET_FOR = {
    "asr": "assistant.asr_url, or emotion.asr_model for a model on this machine",
    "llm": "assistant.llm_url",
    "tts": "a provider of the section voices, or install espeak-ng",
}
"""Part -> what to set for it."""


class AssistantMaker:
    """What all assistants share: clients of providers, a detector of speech."""

    def __init__(
        self, settings: AssistantSettings, ears: Ears | None, speech: TextToSpeech | None
    ) -> None:
        """Raises SettingsError for a detector that cannot be loaded."""
        self._settings = settings
        timeout_s = settings.timeout_s
        self._detector: Detector | None = None
        if settings.vad_model is not None:
            try:
                self._detector = Silero(Path(settings.vad_model))
            except BadSilero as error:
                raise SettingsError(f"assistant.vad_model: {error}") from error
        self._scribe: ApiScribe | LocalScribe | None = None
        if settings.asr_url is not None:
            self._scribe = ApiScribe(
                settings.asr_url,
                settings.asr_model,
                settings.key_env,
                timeout_s,
                settings.language,
            )
        elif ears is not None:
            self._scribe = LocalScribe(ears, timeout_s)
        self._talker: ChatTalker | None = None
        if settings.llm_url is not None:
            self._talker = ChatTalker(
                settings.llm_url,
                settings.llm_model,
                settings.key_env,
                timeout_s,
                settings.max_letters,
            )
        self._speech = speech

    @property
    def missing(self) -> tuple[tuple[str, str], ...]:
        """(part, what to set) of those that are not there."""
        if self._settings.realtime_url is not None:
            return ()
        parts = {"asr": self._scribe, "llm": self._talker, "tts": self._speech}
        return tuple((name, SET_FOR[name]) for name, part in parts.items() if part is None)

    def make(self, body: Body) -> Assistant:
        """The assistant of one session."""
        settings = self._settings
        taker = TurnTaker(self._detector)
        if settings.realtime_url is not None:
            plan = RealtimePlan(
                settings.realtime_url,
                settings.realtime_model,
                settings.key_env,
                settings.realtime_voice,
                settings.prompt,
                settings.language,
                settings.timeout_s,
            )
            return Realtime(plan, body, taker)
        voice = None
        if self._speech is not None:
            voice = Speaker(self._speech, settings.voice, settings.language)
        parts = Parts(
            self._scribe,
            self._talker,
            voice,
            settings.prompt,
            settings.greeting,
            settings.timeout_s,
            self.missing,
        )
        return Dialogue(parts, body, taker)

    async def aclose(self) -> None:
        """Close connections. Idempotent."""
        if self._scribe is not None:
            await self._scribe.aclose()
        if self._talker is not None:
            await self._talker.aclose()
