"""Words of a phrase of speech, by a published Whisper model (extra `asr`: faster-whisper).

Runs on a thread of its own: a phrase costs tenths of a second.
Never downloads at import; `faster_whisper` is imported only when a model is asked for.
"""

from __future__ import annotations

import importlib
from typing import Any, Protocol

from engines.extras import install_hint
from engines.values import F32

NO_SPEECH = 0.6
"""More likely no speech than this: what the model makes of it is not told."""
UNSURE = -1.0
"""Mean log-probability of its tokens below which a text is a guess."""
MAX_TOKENS = 96
"""Of one phrase; more is a model that repeats itself."""


class AsrMissing(Exception):
    """faster-whisper is not installed, or the model cannot be had; the message says which."""


class Transcriber(Protocol):
    """Speech to words."""

    def transcribe(self, phrase: F32) -> str:
        """The words of f32[n] at 16 kHz; empty where there are none that it is sure of."""


class WhisperTranscriber:
    """A Whisper model (Radford et al. 2022) in CTranslate2's format, int8 on the CPU."""

    def __init__(self, name: str, language: str | None = None, threads: int = 1) -> None:
        """`name`: a size (`tiny.en`), a public repository or a folder. Raises AsrMissing.

        `language`: its two letters; None: the model tells it anew from each phrase.
        """
        try:
            library = importlib.import_module("faster_whisper")
        except ImportError as error:
            raise AsrMissing(f"{name}: {install_hint('asr')}") from error
        try:
            self._model: Any = library.WhisperModel(
                name, device="cpu", compute_type="int8", cpu_threads=threads
            )
        # Its back-end, its downloader and its file reader have no common type of error.
        except Exception as error:
            raise AsrMissing(f"no Whisper model {name!r}: {error}") from error
        self._language = language

    def transcribe(self, phrase: F32) -> str:
        """As Transcriber. Raises ValueError for a language that the model does not know."""
        segments, _ = self._model.transcribe(
            phrase,
            language=self._language,
            beam_size=1,
            without_timestamps=True,
            condition_on_previous_text=False,
            max_new_tokens=MAX_TOKENS,
        )
        sure = (s for s in segments if s.no_speech_prob < NO_SPEECH and s.avg_logprob > UNSURE)
        return " ".join(segment.text.strip() for segment in sure).strip()
