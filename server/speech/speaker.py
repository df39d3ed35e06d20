"""Speaks the texts of one session: each becomes a segment of its pushed speech, in order.

Runs on the event loop, one task while there is something to say.
Never makes speech far ahead of what is played, and never lets a text end without its `finished`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from engines.emotion.values import EmotionOverride
from engines.mailbox import Mailbox, MailboxFull
from server.push_timeline import PushRefused, PushTimeline
from server.speech.line_sound import LineSound
from server.speech.script import Line, Script
from server.voices.checks import choose
from server.voices.choice import Chosen
from server.voices.faults import TextTooLong, VoiceFault, VoiceUnavailable
from server.voices.values import MAX_TEXT

log = logging.getLogger(__name__)
AHEAD_S = 10.0
"""Speech made before it is played: more would be made for nothing at an interrupt."""
LINES_KEPT = 4096
"""Clauses that may wait."""
MAX_WAITING = 100_000
"""Characters that may wait, of all texts."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is to be spoken."""

    text: str
    segment: str | None = None
    voice: str | None = None
    language: str | None = None
    feeling: EmotionOverride | None = None
    more: bool = False
    """More text of this segment will follow, by its name."""
    words: bool = False
    """Whether the client wants to be told of each word."""


@dataclass(slots=True)
class _Open:
    """A segment whose sound is not all made."""

    name: str
    first: Text
    script: Script
    sound: LineSound
    whole: bool = False
    """No more text will come."""


class Speaker:
    """One session's."""

    def __init__(
        self,
        timeline: PushTimeline,
        chosen: Chosen,
        tell: Callable[[Mapping[str, object]], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`tell` is given the error of a text that could not be spoken, after it was taken."""
        self._timeline = timeline
        self._chosen = chosen
        self._tell = tell
        self._sleep = sleep
        self._ahead_s = min(AHEAD_S, timeline.limit_s / 2)
        self._open: dict[str, _Open] = {}
        # Refuses: a text is spoken or its client told.
        self._lines: Mailbox[tuple[_Open, Line | None]] = Mailbox("texts", LINES_KEPT, "refuse")
        self._waiting = 0
        self._task: asyncio.Task[None] | None = None
        self._now: tuple[str, asyncio.Task[None]] | None = None
        """The segment whose clause is being made, and who makes it."""

    def speak(self, text: Text) -> str:
        """Take a text; the name of its segment.

        Raises VoiceFault (text too long, no such voice, none at all) or PushRefused; nothing is
        then taken.
        """
        self._check(text)
        going = None if text.segment is None else self._open.get(text.segment)
        if going is not None and not going.whole:
            name = going.name
        else:
            name = self._timeline.queue_segment(text.segment)
            sound = LineSound(self._timeline, name, text.words)
            self._open[name] = going = _Open(name, text, Script(text.feeling), sound)
        lines: list[Line | None] = [*going.script.feed(text.text)]
        if not text.more:
            going.whole = True
            lines += [*going.script.flush(), None]
        try:
            for line in lines:
                self._lines.put((going, line))
                self._waiting += len(line.text) if line else 0
        except MailboxFull as error:
            self._give_up(name)
            raise PushRefused("too much text waits: let some be spoken first") from error
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="speaker")
        return name

    def drop(self, segment: str) -> None:
        """The segment has finished, however: nothing more is made of it. Unknown ones are fine."""
        self._open.pop(segment, None)
        if self._now is not None and self._now[0] == segment:
            self._now[1].cancel()

    async def aclose(self) -> None:
        """Stop. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _check(self, text: Text) -> None:
        speech = self._chosen.speech
        if speech is None:
            raise VoiceUnavailable(
                f"this server has no voice: {self._chosen.reason}"[:300],
                "send sound (start), or see docs/speak.md, Voices",
            )
        if len(text.text) > MAX_TEXT:
            raise TextTooLong(
                f"the text has {len(text.text)} characters, at most {MAX_TEXT} are taken at once",
                "send it in parts, a paragraph each",
            )
        if self._waiting + len(text.text) > MAX_WAITING:
            raise PushRefused(f"{self._waiting} characters wait: let some be spoken first")
        if text.voice is not None or text.language is not None:
            choose(speech.voices, text.voice, text.language)

    async def _work(self) -> None:
        while (item := self._lines.get()) is not None:
            going, line = item
            self._waiting -= len(line.text) if line else 0
            if self._open.get(going.name) is not going:
                # Interrupted or cleared; another may have its name by now.
                continue
            making = asyncio.create_task(self._make(going, line), name="speaker-line")
            self._now = (going.name, making)
            try:
                await asyncio.wait({making})
            finally:
                making.cancel()
                self._now = None
            self._judge(going.name, line, making)

    def _judge(self, name: str, line: Line | None, making: asyncio.Task[None]) -> None:
        """What became of a clause."""
        if making.cancelled():
            # `drop` has forgotten the segment.
            return
        error = making.exception()
        if error is not None:
            self._failed(name, error)
        elif line is None:
            self._open.pop(name, None)

    def _failed(self, name: str, error: BaseException) -> None:
        if isinstance(error, PushRefused):
            error = VoiceFault(str(error), "see media.push_buffer_s")
        elif not isinstance(error, VoiceFault):
            log.error("a text could not be spoken", exc_info=error)
            error = VoiceFault("the server failed to speak this text", "see its log")
        else:
            log.warning("a text could not be spoken", extra={"why": error.message})
        self._tell({"type": "error", "code": error.code, "message": error.message,
                    "hint": error.hint, "segment": name})  # fmt: skip
        self._give_up(name)

    def _give_up(self, name: str) -> None:
        self._open.pop(name, None)
        self._timeline.fail_segment(name)

    async def _make(self, going: _Open, line: Line | None) -> None:
        if line is None:
            going.sound.end()
            return
        speech, first = self._chosen.speech, going.first
        assert speech is not None
        voice, language = first.voice, first.language
        if voice is None and language is None and self._chosen.default is not None:
            voice = self._chosen.default.name
        going.sound.begin(line)
        pieces = speech.speak(line.text, voice, language)
        try:
            async for piece in pieces:
                while (ahead_s := self._timeline.waiting_s - self._ahead_s) > 0:
                    await self._sleep(ahead_s)
                await going.sound.take(piece)
        finally:
            await pieces.aclose()
        going.sound.finish()
