"""The push websocket of one session: speech in, acknowledgements of what was played out.

Runs on the event loop, one handler for each socket.
Never keeps a message it could not pass on, and never reads faster than it answers.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence

from starlette.websockets import WebSocket, WebSocketDisconnect

from engines.mailbox import Mailbox
from server.errors import ApiError
from server.push_protocol import (
    POLICY,
    Control,
    End,
    Interrupt,
    PushError,
    PushVoice,
    Start,
    check_sound,
    parse_control,
)
from server.push_timeline import PushFull, PushRefused
from server.sessions import Session
from server.speech.desk import Words, check_version, perform
from server.speech.messages import Speak

log = logging.getLogger(__name__)
GOING_AWAY = 1001
EVENTS_KEPT = 4096
"""Three for each segment, more than a client can have open before it is told of the first, and ten
minutes of its words."""
SLICE_BYTES = 16_384
"""Of one message at a time: a whole one at 8 kHz would hold the loop for over a second."""
ROUNDING_S = 0.001
"""What resampling may add to a message beyond its own length."""
NO_MORE = {"type": "speak", "text": ""}
TELL_BUFFER_S = 0.5
"""The buffered time is told again when it changed by this much."""


class PushSocket:
    """Serves one accepted websocket until the client, the session or an error ends it."""

    def __init__(self, socket: WebSocket, session: Session, voice: PushVoice) -> None:
        self._socket = socket
        self._session = session
        self._voice = voice
        self._wake = asyncio.Event()
        # drop-oldest: a client that does not read its acknowledgements loses the first of them.
        self._out: Mailbox[Mapping[str, object]] = Mailbox(
            "push events", EVENTS_KEPT, "drop-oldest", on_put=self._wake.set
        )
        self._replaced = asyncio.Event()
        self._open = False
        self._cut = False
        """Whether the page interrupted the segment whose sound may still be on its way."""
        self._segment = ""
        self._text: str | None = None
        """The segment of which more text is to come."""
        self._cut_text: str | None = None
        """As `_cut`, of a segment of text."""
        self._rate_hz = 0
        self._told_s = -1.0

    async def run(self) -> None:
        """Serve; returns when the socket is closed."""
        give_way, self._session.give_way = self._session.give_way, self._give_way
        if give_way is not None:
            give_way()
        self._voice.listen(self._hear)
        self._say(self._voice.hello())
        tasks = [
            asyncio.create_task(self._receive(), name="push-receive"),
            asyncio.create_task(self._send(), name="push-send"),
            asyncio.create_task(self._session.ended.wait(), name="push-ended"),
            asyncio.create_task(self._replaced.wait(), name="push-replaced"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not self._replaced.is_set():
                self._voice.listen(None)
                self._session.give_way = None
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        await self._finish(tasks.index(next(iter(done))), results)

    async def _finish(self, first: int, results: Sequence[object]) -> None:
        error = results[first]
        if self._replaced.is_set():
            error = PushError(POLICY, "replaced", "another socket speaks for this session now")
        if isinstance(error, PushRefused):
            error = PushError(POLICY, "refused", str(error))
        if isinstance(error, PushError):
            await refuse(self._socket, error)
        elif first == 2:
            gone = {"type": "closed", "reason": self._session.reason}
            await _send_and_close(self._socket, gone, GOING_AWAY, self._session.reason)
        elif isinstance(error, BaseException) and not isinstance(error, WebSocketDisconnect):
            log.error("push socket failed", exc_info=error)
            await refuse(self._socket, PushError(1011, "internal_error", "the server failed"))
        self._abandon()

    def _give_way(self) -> None:
        """A newer socket speaks: a client that lost its line need not wait until we notice."""
        self._abandon()
        self._replaced.set()

    def _abandon(self) -> None:
        """A client that leaves in the middle of a segment has said all of it."""
        if self._session.ended.is_set():
            return
        if self._open:
            self._voice.end(None)
        self._open = False
        if self._text is not None:
            perform(self._voice, Speak.model_validate(NO_MORE | {"segment": self._text}))
        self._text = None

    def _hear(self, message: Mapping[str, object]) -> None:
        """A message about a segment; the open one finishes only when the page interrupts."""
        if self._open and (message["type"], message["segment"]) == ("finished", self._segment):
            # The client cannot know yet: what it has sent meanwhile is no fault.
            self._open, self._cut = False, True
        if (message["type"], message.get("segment")) == ("finished", self._text):
            self._text, self._cut_text = None, self._text
        self._say(message)
        if self._cut:
            self._tell_buffer()

    def _say(self, message: Mapping[str, object]) -> None:
        self._out.put(message)

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for message in self._out.take_all():
                await self._socket.send_text(json.dumps(message))

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect" or self._replaced.is_set():
                return
            if message.get("text") is not None:
                self._hear_text(message["text"])
            elif not self._cut:
                await self._sound(message.get("bytes") or b"")
            # Messages that came in one read are there without waiting: the others have a turn too.
            await asyncio.sleep(0)

    def _hear_text(self, text: str) -> None:
        try:
            self._control(parse_control(text))
        except PushError as error:
            if error.closes:
                raise
            self._say({"type": "error", "code": error.code, "message": str(error)})

    def _control(self, message: Control) -> None:
        if isinstance(message, Start):
            if self._open:
                self._voice.end(None)
                self._open = False
            self._rate_hz = message.sample_rate_hz
            self._segment = self._voice.start(message.sample_rate_hz, message.segment)
            self._open, self._cut = True, False
        elif isinstance(message, End):
            if self._cut:
                self._cut = False
                return
            if not self._open:
                raise PushError(POLICY, "not_started", "end without a start")
            self._voice.end(message.segment)
            self._open = False
        elif isinstance(message, Interrupt):
            self._open = self._cut = False
            self._text = self._cut_text = None
            self._voice.interrupt()
            self._tell_buffer()
        else:
            self._words(message)

    def _words(self, message: Words) -> None:
        if isinstance(message, Speak):
            if self._cut_text is not None and message.segment == self._cut_text:
                # What was sent meanwhile is no fault, and nothing to be spoken.
                self._cut_text = message.segment if message.more else None
                return
            if self._open:
                # Whatever begins ends the sound before it.
                self._voice.end(None)
                self._open = False
        reply = perform(self._voice, message)
        if isinstance(message, Speak) and reply is not None and reply["type"] == "queued":
            self._text = str(reply["segment"]) if message.more else None
        if reply is not None:
            self._say(reply)

    async def _sound(self, data: bytes) -> None:
        if not self._open:
            raise PushError(POLICY, "not_started", 'send {"type":"start","sample_rate":…} first')
        check_sound(data)
        length_s = len(data) / 2 / self._rate_hz
        # What may not fit is given whole: it is taken or refused as one.
        size = SLICE_BYTES if length_s + ROUNDING_S <= self._voice.room_s else max(1, len(data))
        try:
            for start in range(0, len(data), size):
                if self._cut:
                    return
                self._voice.feed(data[start : start + size])
                await asyncio.sleep(0)
        except PushFull as error:
            self._say(
                {
                    "type": "error",
                    "code": "buffer_full",
                    "message": f"{error}; this message was not taken",
                    "buffered_s": round(self._voice.buffered_s, 3),
                    "refused_s": round(length_s, 3),
                }
            )
        self._tell_buffer()

    def _tell_buffer(self) -> None:
        buffered_s = self._voice.buffered_s
        if abs(buffered_s - self._told_s) >= TELL_BUFFER_S:
            self._told_s = buffered_s
            self._say({"type": "buffered", "seconds": round(buffered_s, 3)})


async def refuse(socket: WebSocket, error: PushError) -> None:
    """Say what is wrong, then close with the error's code and the reason."""
    message = {"type": "error", "code": error.code, "message": str(error)}
    await _send_and_close(socket, message, error.close_code, str(error))


async def _send_and_close(
    socket: WebSocket, message: Mapping[str, object], code: int, reason: str
) -> None:
    try:
        await socket.send_text(json.dumps(message))
        # A close frame carries at most 123 bytes of reason (RFC 6455 §5.5).
        await socket.close(code, reason.encode()[:120].decode(errors="ignore"))
    except (WebSocketDisconnect, RuntimeError):
        log.debug("the client had gone before it was told why")


async def open_push(socket: WebSocket, session: Session, timeout_s: float) -> PushVoice | None:
    """The voice to push to; None when the socket was refused with a reason and closed."""
    try:
        check_version(socket.query_params.get("version"))
        if session.plan.voice != "push":
            raise PushError(
                POLICY, "wrong_voice", f"this session's voice is {session.plan.voice}, not push"
            )
        media = await session.wait_media(timeout_s)
    except TimeoutError:
        await refuse(socket, PushError(POLICY, "no_offer", "this session got no offer in time"))
    except ApiError as error:
        await refuse(socket, PushError(POLICY, error.code, error.message))
    except PushError as error:
        await refuse(socket, error)
    else:
        if media.voice is not None:
            return media.voice
        await refuse(socket, PushError(POLICY, "wrong_voice", "this session takes no speech"))
    return None
