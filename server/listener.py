"""One session's own ears for words: phrases of its microphone, transcribed one at a time.

Runs on the event loop; the transcriber works on the thread it was given.
Never makes sound or pictures wait, and never falls behind: of phrases that queue, the newest stay.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from engines.asr import Transcriber
from engines.mailbox import Mailbox
from engines.phrases import Phrases
from engines.values import F32

log = logging.getLogger(__name__)
KEPT = 2
"""Phrases that wait: older ones no longer say how somebody feels."""


@dataclass(frozen=True, slots=True)
class Ears:
    """What all sessions share: a transcriber and the thread that it works on."""

    transcriber: Transcriber
    thread: Executor

    def close(self) -> None:
        """End the thread, after the phrase it is at. Idempotent."""
        self.thread.shutdown(wait=False, cancel_futures=True)


class Listener:
    """Hears one session; `on_words(text)` is called on the event loop."""

    def __init__(self, ears: Ears, on_words: Callable[[str], None]) -> None:
        self._ears = ears
        self._on_words = on_words
        self._phrases = Phrases()
        self._state = self._phrases.new_state()
        self._waiting: Mailbox[F32] = Mailbox("phrases", KEPT, "drop-oldest")
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def hear(self, samples: F32) -> None:
        """The next samples f32[n] at 16 kHz; returns at once."""
        for phrase in self._phrases.step(self._state, samples):
            self._waiting.put(phrase)
        if self._task is None and self._waiting.stats().size and not self._closed:
            self._task = asyncio.create_task(self._transcribe(), name="asr")

    async def aclose(self) -> None:
        """Stop; what is being transcribed is forgotten. Idempotent."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _transcribe(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (phrase := self._waiting.get()) is not None:
                text = await loop.run_in_executor(
                    self._ears.thread, self._ears.transcriber.transcribe, phrase
                )
                if text:
                    self._on_words(text)
        except Exception:
            # The face lives on without words; the log says why.
            log.exception("a phrase could not be transcribed")
        finally:
            self._task = None
