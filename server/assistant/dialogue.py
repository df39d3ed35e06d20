"""One visitor's conversation: turns in, words, an answer, and a face that can be interrupted.

Runs on the event loop; one for each session.
Never ends the session: whatever a provider does, the page is told and the face listens again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from contextlib import aclosing
from typing import Any

from engines.scene.markers import parse_markers
from engines.turns.pauses import sounding
from engines.turns.taker import Began, Dropped, Ended, Paused, Resumed, TurnTaker
from engines.values import F32
from server.assistant.answer import Answer, Parts
from server.assistant.faults import Fault, timed
from server.assistant.history import History
from server.assistant.interfaces import Body
from server.assistant.mouth import Mouth, Segment
from server.assistant.status import Status

log = logging.getLogger(__name__)
MAX_TYPED = 4_000
NOTHING_TO_ASK = Fault(
    "llm_missing",
    "this server has no language model: what is typed is spoken as it is",
    "set assistant.llm_url on the server, see docs/assistant.md",
)
NO_VOICE = Fault(
    "tts_missing", "this server has no voice to speak with", "see docs/assistant.md, Voices"
)


class Dialogue:
    """An `Assistant` of three parts: transcriber, language model, voice."""

    def __init__(self, parts: Parts, body: Body, taker: TurnTaker | None = None) -> None:
        self._parts = parts
        self._body = body
        self._taker = taker or TurnTaker()
        self._status = Status(body)
        self._history = History(parts.prompt)
        self._mouth = Mouth(body.voice, self._started, self._finished)
        self._answering: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._heard_number = self._wanted = -1
        """Numbers of the pauses that words are being made of, and are wanted of."""
        self._words: str | None = None
        self._cutting = self._again = self._thinking = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    # -- what the session asks ---------------------------------------------------------------

    def begin(self) -> None:
        """Greet."""
        if self._parts.greeting and self._parts.voice is not None:
            self._speak(self._parts.greeting)

    def introduce(self) -> None:
        """Tell the page what is there, and what it does."""
        self._body.tell(self._parts.ready_event())
        self._show()
        self._status.again()

    def hear(self, samples: F32) -> None:
        """The microphone's next f32[N] at 16 kHz."""
        if self._closed:
            return
        for event in self._taker.hear(samples):
            self._turn(event)
        self._status.loud(self._taker.level_db)

    def played(self, samples: F32) -> None:
        """What goes out to the visitor now."""
        self._taker.played(samples)
        self._mouth.pulse()

    def ask(self, text: str) -> None:
        """What the visitor typed; it counts as a turn, and interrupts."""
        text = text.strip()
        if self._closed or not text:
            return
        if len(text) > MAX_TYPED:
            why = f"{len(text)} letters were typed, {MAX_TYPED} at most are taken"
            self._body.tell(Fault("too_long", why, "ask in fewer words").event())
            return
        self._cut()
        self._forget_words()
        self._taker.forget()
        self._visitor(text, typed=True)

    async def aclose(self) -> None:
        """Stop all of it. Idempotent."""
        self._closed = True
        self._body.voice.listen(None)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- turns -------------------------------------------------------------------------------

    def _turn(self, event: object) -> None:
        match event:
            case Began():
                self._status.hearing(True)
                # Also while it only thinks: they had not been done.
                self._again = self._answering is not None and not self._mouth.speaking
                self._cut()
            case Paused(sound, number):
                self._transcribe(sound, number)
            case Resumed():
                self._forget_words()
            case Dropped():
                self._status.hearing(False)
                self._go_on()
            case Ended(sound, number):
                self._status.hearing(False)
                if self._heard_number != number:
                    self._transcribe(sound, number)
                self._wanted = number
                if self._words is not None:
                    self._take(self._words)
        self._show()

    def _transcribe(self, sound: F32, number: int) -> None:
        """Begin to write down the turn so far; who pauses may be done."""
        self._forget_words()
        if self._parts.scribe is not None:
            self._heard_number = number
            self._hearing = self._run(self._write_down(sound, number), "assistant-hear")

    async def _write_down(self, sound: F32, number: int) -> None:
        assert self._parts.scribe is not None
        words: list[str] = []
        try:
            source = self._parts.scribe.transcribe(sound)
            async with aclosing(timed(source, self._parts.timeout_s, "asr")) as pieces:
                async for piece in pieces:
                    words.append(piece)
        except Fault as fault:
            # Told once the turn is over: until then it may be heard better.
            if self._wanted == number:
                self._tell(fault)
            self._hearing, self._heard_number, self._wanted = None, -1, -1
            self._show()
            return
        self._hearing = None
        self._words = "".join(words).strip()
        self._taker.words(number, sounding(self._words))
        if self._wanted == number:
            self._take(self._words)
        self._show()

    def _take(self, words: str) -> None:
        """The turn is over and these were its words."""
        self._forget_words()
        if words:
            self._cut()
            self._visitor(words)
        else:
            self._go_on()

    def _go_on(self) -> None:
        """It was no turn: an answer that was given up for it is thought of again."""
        if self._again and self._answering is None and self._history.unanswered:
            self._answer()
        self._again = False

    def _forget_words(self) -> None:
        if self._hearing is not None:
            self._hearing.cancel()
        self._hearing, self._words = None, None
        self._heard_number = self._wanted = -1

    # -- answers -----------------------------------------------------------------------------

    def _visitor(self, text: str, *, typed: bool = False) -> None:
        self._body.tell({"type": "transcript", "by": "visitor", "text": text, "typed": typed})
        self._history.visitor(text)
        if self._parts.talker is None:
            self._body.tell(NOTHING_TO_ASK.event())
            if typed:
                self._speak(text)
            return
        self._answer()

    def _answer(self) -> None:
        if self._parts.voice is None:
            self._body.tell(NO_VOICE.event())
        answer = Answer(self._parts, self._mouth, self._tell, self._write_out)
        self._begin(answer.think(self._history.messages()))

    def _write_out(self, text: str) -> None:
        """An answer that nothing can speak is read."""
        self._body.tell({"type": "transcript", "by": "assistant", "text": text})
        self._history.face(text)

    def _speak(self, text: str) -> None:
        """Say a text that is there already."""
        if self._parts.voice is None:
            self._body.tell(NO_VOICE.event())
            return
        self._begin(Answer(self._parts, self._mouth, self._tell, self._write_out).recite(text))

    def _begin(self, answering: Coroutine[Any, Any, None]) -> None:
        self._thinking = True
        self._answering = self._run(self._finish(answering), "assistant-answer")
        self._show()

    async def _finish(self, answering: Coroutine[Any, Any, None]) -> None:
        try:
            await answering
            self._thinking = False
            await self._mouth.silent()
        except Fault as fault:
            self._thinking = False
            self._tell(fault)
            await self._mouth.silent()
        finally:
            if self._answering is asyncio.current_task():
                self._record()
                self._answering = None
        self._show()

    def _cut(self) -> None:
        """Stop answering, now; what was heard of it is remembered."""
        answering, self._answering = self._answering, None
        if answering is not None:
            answering.cancel()
        if self._mouth.busy:
            self._cutting = True
            self._mouth.interrupt()
            self._cutting = False
        self._record()

    def _record(self) -> None:
        """What the visitor heard of the answer is what the face has said."""
        taken = self._mouth.take()
        heard = " ".join(each.heard for each in taken if each.heard)
        self._history.face(heard, cut=any(each.interrupted for each in taken))

    def _started(self, segment: Segment) -> None:
        self._body.act({"type": "transcript", "text": segment.raw + " "})
        self._body.tell(
            {
                "type": "transcript",
                "by": "assistant",
                "segment": segment.name,
                "text": parse_markers(segment.raw)[0],
            }
        )
        self._show()

    def _finished(self, segment: Segment) -> None:
        if segment.interrupted and segment.started:
            heard: Mapping[str, object] = {
                "type": "transcript",
                "by": "assistant",
                "segment": segment.name,
                "text": segment.heard,
                "interrupted": True,
            }
            self._body.tell(heard)
        if segment.interrupted and not self._cutting:
            # The page said "interrupt": there is nothing more to say.
            self._cutting = True
            asyncio.get_running_loop().call_soon(self._page_cut)
        self._show()

    def _page_cut(self) -> None:
        self._cutting = False
        self._cut()
        self._show()

    # -- the rest ----------------------------------------------------------------------------

    def _show(self) -> None:
        answering = self._answering is not None and self._thinking
        reading = self._wanted >= 0 and self._hearing is not None
        self._status.show(speaking=self._mouth.speaking, thinking=answering or reading)

    def _tell(self, fault: Fault) -> None:
        log.warning("assistant: %s", fault.code, extra={"reason": fault.message})
        self._body.tell(fault.event())

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guard(work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """The task's border: the session lives on without this answer."""
        try:
            await work
        except Exception:
            log.exception("the assistant failed")
            why = "the assistant failed; the server's log says why"
            self._body.tell(Fault("assistant_fault", why).event())
            self._hearing = None
            self._cut()
            self._show()
