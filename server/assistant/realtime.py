"""An assistant that is one socket to a Realtime model: it hears, thinks and speaks over there.

Runs on the event loop; one for each session.
Never sends the model the face's own echo, never keeps a connection that answers nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from engines.mailbox import Mailbox
from engines.turns.taker import Began, TurnTaker
from engines.values import F32, SAMPLE_RATE_HZ
from server.assistant import realtime_words as words
from server.assistant.client import key_of
from server.assistant.dialogue import MAX_TYPED
from server.assistant.faults import Fault, broken, late, refused, retry_after
from server.assistant.interfaces import Body
from server.assistant.mouth import Cut, Mouth, Segment
from server.assistant.status import Status
from server.push_timeline import PushRefused
from server.resample import Resampler

log = logging.getLogger(__name__)
SEND_KEPT = 512
"""10 s of 20 ms: a line that is slower than that has lost the talk."""
LEAD_HOPS = 25
"""Half a second before a barge-in was noticed: the model must hear how it began."""
TRIES = 3
PAUSE_S = (0.0, 1.0, 3.0)
"""Before each try to connect in a row."""


@dataclass(frozen=True, slots=True)
class RealtimePlan:
    """Where, and how it is to be."""

    url: str
    model: str
    key_env: str | None
    voice: str | None
    prompt: str
    language: str | None = None
    timeout_s: float = 10.0

    @property
    def address(self) -> str:
        """With the model's name."""
        return f"{self.url}{'&' if '?' in self.url else '?'}model={self.model}"


class Realtime:
    """`server.assistant.interfaces.Assistant` on a Realtime websocket."""

    def __init__(self, plan: RealtimePlan, body: Body, taker: TurnTaker | None = None) -> None:
        self._plan = plan
        self._body = body
        self._taker = taker or TurnTaker()
        self._status = Status(body)
        self._mouth = Mouth(body.voice, self._started, self._finished)
        # drop-oldest: what was said long ago is not worth hearing late.
        self._out: Mailbox[Mapping[str, object]] = Mailbox(
            "realtime out", SEND_KEPT, "drop-oldest", on_put=lambda: self._wake.set()
        )
        self._wake = asyncio.Event()
        self._resampler = Resampler(SAMPLE_RATE_HZ, words.RATE_HZ)
        self._filter = self._resampler.new_state()
        self._held: deque[F32] = deque(maxlen=LEAD_HOPS)
        self._task: asyncio.Task[None] | None = None
        self._item: tuple[str, int] | None = None
        self._segment: Segment | None = None
        self._dead: deque[str] = deque(maxlen=16)
        """Items that were interrupted: what still comes of them is not spoken."""
        self._thinking = self._cutting = self._online = False
        self._text = ""

    # -- what the session asks ---------------------------------------------------------------

    def begin(self) -> None:
        """Connect."""
        self._task = asyncio.create_task(self._live(), name="assistant-realtime")

    def introduce(self) -> None:
        """Tell the page what is there, and what it does."""
        parts = {"asr": True, "llm": True, "tts": True}
        self._body.tell({"type": "assistant", "parts": parts, "missing": [], "realtime": True})
        self._show()
        self._status.again()

    def hear(self, samples: F32) -> None:
        """The microphone's next f32[N] at 16 kHz: to the model, unless it is but our echo."""
        for event in self._taker.hear(samples):
            if isinstance(event, Began):
                self._interrupt()
        self._status.loud(self._taker.level_db)
        self._status.hearing(self._taker.talking)
        if self._taker.talking or not (self._mouth.speaking or self._taker.echoing):
            # What was held and is not of a turn was our echo.
            for held in (*(self._held if self._taker.talking else ()), samples):
                self._send_sound(held)
            self._held.clear()
            return
        # It waits in case that it is the beginning of speech.
        self._held.append(samples)

    def played(self, samples: F32) -> None:
        """What goes out to the visitor now."""
        self._taker.played(samples)
        self._mouth.pulse()

    def ask(self, text: str) -> None:
        """What the visitor typed."""
        text = text.strip()
        if not text:
            return
        if len(text) > MAX_TYPED:
            why = f"{len(text)} letters were typed, {MAX_TYPED} at most are taken"
            self._body.tell(Fault("too_long", why, "ask in fewer words").event())
            return
        self._interrupt()
        self._body.tell({"type": "transcript", "by": "visitor", "text": text, "typed": True})
        for event in words.typed(text):
            self._out.put(event)

    async def aclose(self) -> None:
        """Hang up. Idempotent."""
        self._body.voice.listen(None)
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    # -- the line ----------------------------------------------------------------------------

    async def _live(self) -> None:
        """Connect, and again when the line breaks; give up after TRIES that led to nothing."""
        failed = 0
        while failed < TRIES:
            await asyncio.sleep(PAUSE_S[failed])
            try:
                talked = await self._connect_and_talk()
                failed = 0 if talked else failed + 1
                fault: Fault = broken("realtime", "hung up")
            except Fault as error:
                fault, failed = error, failed + 1
            except Exception:
                log.exception("the realtime assistant failed")
                fault, failed = broken("realtime", "could not be understood"), TRIES
            self._interrupt()
            self._thinking = False
            self._show()
            self._tell(fault)
            if fault.code == "realtime_unauthorized":
                return

    async def _connect_and_talk(self) -> bool:
        """One connection; whether anything came of it. Raises Fault."""
        key = key_of(self._plan.key_env, "realtime")
        limit_s = self._plan.timeout_s
        try:
            async with connect(
                self._plan.address,
                additional_headers={"Authorization": f"Bearer {key}"},
                max_size=words.MAX_EVENT_BYTES,
                open_timeout=limit_s,
                close_timeout=1.0,
            ) as line:
                return await self._talk(line)
        except InvalidStatus as error:
            reply = error.response
            wait = retry_after(dict(reply.headers.raw_items()))
            raise refused("realtime", reply.status_code, wait) from error
        except TimeoutError as error:
            raise late("realtime", limit_s) from error
        except ConnectionClosed as error:
            raise broken("realtime", "broke off in the middle") from error
        except (OSError, InvalidHandshake) as error:
            raise broken("realtime", "could not be reached") from error

    async def _talk(self, line: ClientConnection) -> bool:
        plan = self._plan
        update = words.session_update(plan.prompt, plan.voice, plan.language)
        await line.send(json.dumps(update))
        self._online = True
        async with asyncio.timeout(plan.timeout_s) as first:
            sending = asyncio.create_task(self._send(line), name="assistant-realtime-send")
            try:
                async for message in line:
                    first.reschedule(None)
                    await self._hear(message)
            finally:
                self._online = False
                self._out.take_all()
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        return first.when() is None

    async def _send(self, line: ClientConnection) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for message in self._out.take_all():
                await line.send(json.dumps(message))

    def _send_sound(self, samples: F32) -> None:
        if not self._online:
            return
        resampled = self._resampler.step(self._filter, np.clip(samples, -1.0, 1.0))
        if len(resampled):
            self._out.put(words.append((resampled * 32767).astype("<i2").tobytes()))

    # -- what it says ------------------------------------------------------------------------

    async def _hear(self, message: str | bytes) -> None:
        try:
            event = words.read_event(message)
        except Fault as fault:
            # One event that is none: the next may be one.
            self._tell(fault)
            return
        if isinstance(event, words.Audio):
            await self._speak(event.item, event.index, event.pcm)
        elif event is not None:
            self._take(event)
        self._show()

    def _take(self, event: words.Event) -> None:
        match event:
            case words.SpeechStarted():
                self._interrupt()
            case words.SpeechStopped() | words.Created():
                self._thinking = True
            case words.AudioDone(item):
                self._end(item)
            case words.Words(item, text):
                self._say(item, text)
            case words.Heard(text) if text:
                self._body.tell({"type": "transcript", "by": "visitor", "text": text})
            case words.Done(why):
                self._thinking = False
                if why is not None:
                    self._tell(why)
            case words.Failed(fault):
                self._tell(fault)

    async def _speak(self, item: str, index: int, pcm: bytes) -> None:
        if item in self._dead or not pcm:
            return
        try:
            if self._segment is None or self._item != (item, index):
                if self._segment is not None:
                    self._mouth.end(self._segment)
                self._segment, self._item = self._mouth.open("", words.RATE_HZ), (item, index)
                self._text = ""
            # No more than a second at a time: the buffer may be small.
            for at in range(0, len(pcm), 2 * words.RATE_HZ):
                piece = pcm[at : at + 2 * words.RATE_HZ]
                await self._mouth.feed(self._segment, piece, words.RATE_HZ)
        except Cut:
            return
        except PushRefused as error:
            self._tell(Fault("speech_refused", str(error)))

    def _end(self, item: str) -> None:
        if self._segment is None or self._item is None or self._item[0] != item:
            return
        self._mouth.end(self._segment)
        self._segment.text = self._text

    def _say(self, item: str, text: str) -> None:
        if item in self._dead:
            return
        self._text = (self._text + text)[: words.MAX_TEXT]
        self._body.act({"type": "transcript", "text": text})
        segment = self._segment
        told: dict[str, object] = {"type": "transcript", "by": "assistant", "text": self._text}
        if segment is not None:
            segment.text = self._text
            told["segment"] = segment.name
        self._body.tell(told)

    def _interrupt(self) -> None:
        """Silence now; the model is told how much was heard."""
        if not self._mouth.busy:
            return
        self._cutting = True
        self._mouth.interrupt()
        self._cutting = False
        self._after_cut()

    def _after_cut(self) -> None:
        for segment in self._mouth.take():
            if segment is self._segment and self._item is not None:
                item, index = self._item
                self._dead.append(item)
                self._out.put(words.truncate(item, index, segment.position_s))
                if self._thinking:
                    self._out.put({"type": "response.cancel"})
        self._segment = self._item = None
        self._show()

    def _started(self, segment: Segment) -> None:
        self._show()

    def _finished(self, segment: Segment) -> None:
        if segment.interrupted and not self._cutting:
            # The page said "interrupt".
            self._after_cut()
        elif not segment.interrupted and segment is self._segment:
            self._segment = self._item = None
            self._mouth.take()
        self._show()

    def _show(self) -> None:
        self._status.show(speaking=self._mouth.speaking, thinking=self._thinking)

    def _tell(self, fault: Fault) -> None:
        log.warning("assistant: %s", fault.code, extra={"reason": fault.message})
        self._body.tell(fault.event())
