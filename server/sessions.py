"""One session: its state, the media it owns, and its end.

Runs on the event loop.
Never knows a peer, a track or an engine: it owns a `Media` and stops it with a deadline.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError

from engines.motion.wishes import Feel, Manner, Wish, temperature_of
from engines.render.stage import Stage
from engines.scene.values import Scene, wishes
from server.director import Director, scene_event
from server.errors import ApiError, closed_session, invalid_body
from server.expiry import Waited
from server.logs import session_context
from server.prompter import Prompter, usual_feeling
from server.sdpfrag import offered_ufrag
from server.session_plan import MediaEvents as MediaEvents
from server.session_plan import SessionPlan as SessionPlan
from server.session_states import Ending, State, step
from server.staging import Staging
from server.tellings import (
    KINDS,
    SceneTelling,
    Telling,
    TranscriptTelling,
    read_telling,
    unknown_message,
    wish_of,
)

if TYPE_CHECKING:
    from server.doors.hall import Hall
    from server.push_protocol import PushVoice

log = logging.getLogger(__name__)


class Media(Protocol):
    """The moving parts of one session, built for it and stopped with it."""

    @property
    def voice(self) -> PushVoice | None:
        """Where pushed speech goes; None in mirror mode."""

    @property
    def doors(self) -> Hall:
        """The ways in and out beside the page."""

    async def answer(self, sdp: str) -> str:
        """Answer an offer. Raises BadOffer (server.rtc.offer_limits)."""

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        """Take a trickled candidate; raises ValueError when it cannot be read."""

    async def stats(self) -> dict[str, Any]:
        """Figures for `GET .../stats`: plain numbers and text."""

    def mic_silent_s(self) -> float | None:
        """Seconds since the last microphone packet; None when none is expected."""

    def queue_ages(self) -> Mapping[str, float]:
        """Age in seconds of the oldest item of each queue, by queue name."""

    async def publish(self) -> None:
        """Send the stats event to the page and move counters into the metrics."""

    def tell(self, event: Mapping[str, object]) -> None:
        """Send an event to the page, if it listens."""

    async def show(self, stage: Stage) -> None:
        """Draw on another stage from the next frame on. Raises what kept it from being built."""

    def wish(self, wish: Wish) -> None:
        """Tell the face something; it shows with one of the next pictures."""

    def subscribe(self, on: bool) -> None:
        """Send every motion to the page, or no more."""

    async def aclose(self) -> None:
        """Stop every part, in reverse order of starting. Idempotent."""


SHOW_TIMEOUT_S = 20.0
"""A change of the stage waits so long for a session that is connecting."""
WISHES_KEPT = 16
"""Wishes kept from before the offer; of more, the last."""
MediaFactory = Callable[[SessionPlan, MediaEvents], Awaitable[Media]]


class Session:
    """One visitor's session."""

    def __init__(
        self,
        plan: SessionPlan,
        factory: MediaFactory,
        *,
        close_timeout_s: float,
        on_closed: Callable[[Session], None],
        director: Director | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan = plan
        self._director = director
        self._scene: asyncio.Task[None] | None = None
        self.ending: Ending | None = None
        self.detail = ""
        self.ufrag: str | None = None
        """Of the offer; another one in a trickle fragment would be an ICE restart."""
        self._state = State.CREATED
        self._factory = factory
        self._close_timeout_s = close_timeout_s
        self._on_closed = on_closed
        self._clock = clock
        self._born_s = self._since_s = clock()
        self._stack = AsyncExitStack()
        self._media: Media | None = None
        self._media_there = asyncio.Event()
        self.ended = asyncio.Event()
        """Set when the session begins to close; `reason` then says why."""
        self.give_way: Callable[[], None] | None = None
        """Ends the push socket that speaks for this session, when another one takes over."""
        self._closing: asyncio.Task[None] | None = None
        self._prompter = Prompter(self._obey, usual_feeling(plan.wishes))
        self._temperature = temperature_of(plan.wishes)
        self._wishes: list[Wish] = []
        """Told before there was a face."""
        self.staging = Staging(plan.stage, self._show, self._tell)
        """What is around the person; change it by `restage`."""

    @property
    def state(self) -> State:
        """Where the session is in its life."""
        return self._state

    @property
    def media(self) -> Media | None:
        """Its moving parts, once an offer was taken."""
        return self._media

    @property
    def reason(self) -> str:
        """Why it ended, in words; empty while it lives."""
        if self.ending is None:
            return ""
        return f"{self.ending.text} ({self.detail})" if self.detail else self.ending.text

    def waited(self) -> Waited:
        """How long it has been where it is."""
        now = self._clock()
        media = self._media
        silent = media.mic_silent_s() if media is not None else None
        empty = media.doors.empty_s if media is not None else None
        return Waited(self._state, now - self._since_s, now - self._born_s, silent, empty)

    def _go(self, then: State) -> None:
        self._state = step(self._state, then)
        self._since_s = self._clock()
        log.info("session is %s", then.value)

    async def answer(self, sdp: str) -> str:
        """Answer the one offer of this session.

        Raises ApiError 409 when there was one before, 410 when the session ends meanwhile, and
        whatever the media raises for an offer it cannot take; the session is then closed.
        """
        with session_context(self.plan.id):
            if self._state in (State.CONNECTING, State.LIVE):
                hint = "end it and create a new one to connect again"
                raise ApiError(409, "already_offered", "this session has had its offer", hint)
            self._must_live()
            self._go(State.CONNECTING)
            self.ufrag = offered_ufrag(sdp)
            try:
                return await self._build_and_answer(sdp)
            except BaseException as error:
                if isinstance(error, ValueError):
                    # What is cut off by the end of the session was no fault of the offer.
                    self._must_live()
                bad = isinstance(error, ValueError)
                self.request_close(Ending.BAD_OFFER if bad else Ending.FAULT, _detail(error))
                raise

    async def enter(self) -> Media:
        """The media, for a door beside the page; built now where no offer came before.

        Raises ApiError 410 when the session has ended, TimeoutError, and what kept it from being
        built; the session is then closed.
        """
        with session_context(self.plan.id):
            self._must_live()
            if self._state is not State.CREATED:
                return await self.wait_media(SHOW_TIMEOUT_S)
            self._go(State.CONNECTING)
            try:
                return await self._build()
            except BaseException as error:
                self.request_close(Ending.FAULT, _detail(error))
                raise

    async def _build_and_answer(self, sdp: str) -> str:
        media = await self._build()
        reply = await media.answer(sdp)
        self._must_live()
        return reply

    async def _build(self) -> Media:
        plan = replace(self.plan, stage=self.staging.stage)
        cut, perform = self._prompter.cut, self._prompter.perform
        events = MediaEvents(self._connected, self._ended, self._heard, cut, perform)
        media = await self._factory(plan, events)
        if self._state is not State.CONNECTING:
            await media.aclose()
            self._must_live()
        self._stack.push_async_callback(self._stop, "media", media.aclose)
        self._media = media
        for wish in (*self.plan.wishes, *self._wishes):
            media.wish(wish)
        self._wishes.clear()
        self._media_there.set()
        return media

    def _must_live(self) -> None:
        if self._state in (State.CLOSING, State.CLOSED):
            raise closed_session(self.reason)

    async def wait_media(self, timeout_s: float) -> Media:
        """The media, once an offer was taken. Raises TimeoutError, or ApiError when it ended."""
        async with asyncio.timeout(timeout_s):
            await self._media_there.wait()
        self._must_live()
        assert self._media is not None
        return self._media

    async def restage(self, change: Callable[[Staging], None]) -> Stage:
        """Make a change of the stage; returns once it is shown.

        Raises ApiError: 410 when the session has ended, and what `change` raises.
        """
        self._must_live()
        with session_context(self.plan.id):
            change(self.staging)
            stage = await self.staging.settled()
        self._must_live()
        return stage

    async def _show(self, stage: Stage) -> None:
        # Before the offer nothing is there yet: it will be built with the stage of then.
        if self._state is not State.CREATED:
            media = await self.wait_media(SHOW_TIMEOUT_S)
            await media.show(stage)

    def _tell(self, event: Mapping[str, object]) -> None:
        if self._media is not None:
            self._media.tell(event)

    def wish(self, wish: Wish) -> None:
        """Tell the face something. Raises ApiError 410 when the session has ended."""
        self._must_live()
        if isinstance(wish, Feel):
            self._prompter.usual = wish.wanted
        if isinstance(wish, Manner):
            self._temperature = wish.temperature
        self._obey(wish)

    def _obey(self, wish: Wish) -> None:
        if self._media is not None:
            self._media.wish(wish)
            return
        self._wishes.append(wish)
        del self._wishes[:-WISHES_KEPT]

    def _heard(self, message: Mapping[str, object]) -> None:
        kind = message.get("type")
        with session_context(self.plan.id):
            if kind == "stage":
                self.staging.hear(message)
            elif kind == "subscribe" and self._media is not None:
                self._media.subscribe(message.get("motion") is True)
            elif isinstance(kind, str) and kind in KINDS:
                self._hear_telling(message)
            elif kind != "subscribe":
                self._tell(unknown_message(kind))

    def take(self, telling: Telling) -> None:
        """Do what a client told. Raises ApiError: 410 when ended, 422 for unknown names."""
        if isinstance(telling, SceneTelling):
            self.direct(telling.text)
        elif isinstance(telling, TranscriptTelling):
            self._must_live()
            self._prompter.say(telling.text)
        else:
            self.wish(wish_of(telling))

    def direct(self, text: str) -> None:
        """Play a scene: what its words ask for now, and a model's reading once that comes."""
        self._must_live()
        if (director := self._director) is None:
            return
        self._play(director.live(text), "text")
        if self._scene is not None:
            self._scene.cancel()
        if text.strip():
            self._scene = asyncio.create_task(self._read_scene(director, text), name="scene")

    async def _read_scene(self, director: Director, text: str) -> None:
        written = await director.write(self.plan.attributes, text)
        if written.source == "llm":
            self._play(written.scene, written.source)
        elif written.notice is not None:
            self._tell(scene_event(written.scene, written.source, written.notice))

    def _play(self, scene: Scene, source: str) -> None:
        for wish in wishes(scene, self._temperature):
            self.wish(wish)
        self._tell(scene_event(scene, source))

    def _hear_telling(self, message: Mapping[str, object]) -> None:
        try:
            self.take(read_telling(message))
        except ValidationError as error:
            self._tell({"type": "warning", **invalid_body(error.errors())["error"]})
        except ApiError as error:
            self._tell({"type": "warning", **error.told})

    def _connected(self) -> None:
        if self._state is State.CONNECTING:
            with session_context(self.plan.id):
                self._go(State.LIVE)

    def _ended(self, ending: Ending, detail: str) -> None:
        self.request_close(ending, detail)

    def request_close(self, ending: Ending, detail: str = "") -> asyncio.Task[None]:
        """Begin to close, from any callback on the loop; the first reason given stands."""
        if self._closing is None:
            self.ending, self.detail = ending, detail
            with session_context(self.plan.id):
                # Here and not in the task: whoever asks next must not find it alive.
                self._go(State.CLOSING)
                self._closing = asyncio.create_task(self._close(), name=f"close-{self.plan.id[:8]}")
        return self._closing

    async def aclose(self, ending: Ending, detail: str = "") -> None:
        """Close and wait until nothing is left. Idempotent; each part has a deadline."""
        await asyncio.shield(self.request_close(ending, detail))

    async def _close(self) -> None:
        assert self.ending is not None
        log.info("session ends", extra={"reason": self.reason, "result": self.ending.result})
        if self._media is not None:
            closed = {"type": "closed", "code": self.ending.code, "reason": self.reason}
            self._media.tell(closed)
        self._media_there.set()
        self.staging.close()
        self._prompter.close()
        if self._scene is not None:
            self._scene.cancel()
        self.ended.set()
        try:
            await self._stack.aclose()
        finally:
            self._go(State.CLOSED)
            self._on_closed(self)

    async def _stop(self, name: str, stop: Callable[[], Awaitable[None]]) -> None:
        """Stop one part within its deadline; a part that fails must not keep the others alive."""
        try:
            async with asyncio.timeout(self._close_timeout_s):
                await stop()
        except TimeoutError:
            log.error("%s did not stop in time", name, extra={"limit_s": self._close_timeout_s})
        except Exception:  # logged with its traceback; the rest still has to be stopped
            log.exception("%s failed to stop", name)


def _detail(error: BaseException) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text[:200]
