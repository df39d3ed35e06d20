"""All sessions: admission, look-up, the reaper, faults of the engine, and shutdown.

Runs on the event loop; `engine_fault` may be called from any thread.
Never blocks, and never keeps more of an ended session than its reason.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from server.admission import Machine, Refused, decide, room
from server.director import Director
from server.errors import ApiError, closed_session, unknown_session
from server.expiry import Limits, expired, left_s
from server.logs import session_context
from server.metrics import Metrics
from server.session_states import Ending, State
from server.sessions import MediaFactory, Session, SessionPlan
from server.settings import RtcSettings, SessionSettings

log = logging.getLogger(__name__)
REMEMBER_ENDED = 256
"""Ended sessions whose reason is still told (410) rather than forgotten (404)."""
ENGINE_BACK_S = 5
"""A new engine process is warm in about so many seconds."""
REAP_S = 0.25
"""Between two looks at the watchdogs: their limits are seconds."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What a manager must know of other processes beside its own, or nothing."""

    prefix: str = ""
    """Of every session's id: names the process that holds it."""
    elsewhere: Callable[[], Sequence[int]] = tuple
    """Sizes of the sessions in other processes on the same engine."""
    changed: Callable[[], None] = lambda: None
    """Called when a session has come or gone."""
    ready: Callable[[], bool] = lambda: True
    """Whether there is an engine now; it may come back."""


ALONE = Shared()


class EngineAway(Exception):
    """The engine process has gone or stalled; another one is being started."""


class SessionManager:
    """Owner of every session."""

    def __init__(
        self,
        session: SessionSettings,
        rtc: RtcSettings,
        *,
        machine: Callable[[], Machine],
        metrics: Metrics,
        on_fatal: Callable[[str], None],
        stats_interval_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        shared: Shared = ALONE,
    ) -> None:
        """`machine` tells what is measured now; `on_fatal` ends the process with a reason."""
        self._shared = shared
        self.limits = Limits.of(session, rtc)
        self._settings = session
        self._factory: MediaFactory | None = None
        self._director: Director | None = None
        self._machine = machine
        self._metrics = metrics
        self._on_fatal = on_fatal
        self._stats_interval_s = stats_interval_s
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._ended: OrderedDict[str, str] = OrderedDict()
        self._stopping = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        metrics.watch_queues(self.queue_ages)

    # -- life of the manager ------------------------------------------------------------------

    def start(self, factory: MediaFactory, director: Director | None = None) -> None:
        """Take sessions, whose media `factory` builds and whose scenes `director` reads.

        On the loop, once; `aclose` ends it.
        """
        self._factory = factory
        self._director = director
        self._loop = asyncio.get_running_loop()
        self._tasks = [
            asyncio.create_task(self._reap_for_ever(), name="reaper"),
            asyncio.create_task(self._publish_for_ever(), name="stats"),
        ]

    async def aclose(self, timeout_s: float) -> None:
        """Refuse new sessions and close all within `timeout_s`. Idempotent."""
        self._stopping = self._stopping or "the server is stopping"
        closing = [session.request_close(Ending.SHUTDOWN) for session in self.sessions()]
        if closing:
            _, late = await asyncio.wait(closing, timeout=timeout_s)
            if late:
                log.error("sessions did not close in time", extra={"count": len(late)})
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    # -- sessions -----------------------------------------------------------------------------

    def sessions(self) -> list[Session]:
        """Every session that is not closed."""
        return list(self._sessions.values())

    @property
    def active(self) -> int:
        """Sessions on the engine, those of other processes included."""
        return len(self._sessions) + len(self._shared.elsewhere())

    @property
    def cap(self) -> int:
        """Most sessions at a time, of the size that is usual here."""
        settings = self._settings
        return room(settings.size, self._machine(), settings.max_sessions, measured=self._measured)

    @property
    def _measured(self) -> bool:
        return self._settings.admission == "measured"

    def refusal(self, size: int) -> ApiError | None:
        """Why a session of `size` would be refused now, or None."""
        if self._stopping:
            return self._full("stopping", self._stopping, 30)
        if not self._shared.ready():
            return self._full("engine", "the engine is being started", ENGINE_BACK_S)
        ends = [left for each in self.sessions() if (left := self.left_s(each)) is not None]
        verdict = decide(
            [each.plan.size for each in self.sessions()] + list(self._shared.elsewhere()),
            size,
            self._machine(),
            self._settings.max_sessions,
            min(ends, default=None),
            measured=self._measured,
        )
        if isinstance(verdict, Refused):
            return self._full(verdict.reason, verdict.message, verdict.retry_after_s)
        return None

    @staticmethod
    def _full(reason: str, message: str, retry_after_s: int | None) -> ApiError:
        code = "stopping" if reason == "stopping" else "server_full"
        hint, headers = "end one first, or ask for a smaller size", {}
        if retry_after_s is not None:
            hint, headers = f"try again in {retry_after_s} s", {"Retry-After": str(retry_after_s)}
        error = ApiError(503, code, message, hint, headers=headers)
        error.args = (reason,)
        return error

    def create(self, plan: SessionPlan) -> Session:
        """Admit a session; `plan.id` is replaced by a new one.

        Raises ApiError 503 with Retry-After when it does not fit.
        """
        refused = self.refusal(plan.size)
        if refused is not None:
            self._metrics.rejected.labels(str(refused.args[0])).inc()
            raise refused
        if self._factory is None:
            raise RuntimeError("a session was asked for before start()")
        plan = replace(plan, id=self._shared.prefix + secrets.token_urlsafe(16))
        with session_context(plan.id):
            session = Session(
                plan,
                self._factory,
                close_timeout_s=self._settings.close_timeout_s,
                on_closed=self._forget,
                director=self._director,
                clock=self._clock,
            )
            log.info("session is created", extra={"avatar": plan.avatar, "voice": plan.voice})
        self._sessions[plan.id] = session
        self._count()
        return session

    def get(self, session_id: str) -> Session:
        """The session of this id. Raises ApiError 404, or 410 with the reason when it ended."""
        session = self._sessions.get(session_id)
        if session is not None and session.state is not State.CLOSING:
            return session
        if session is not None:
            raise closed_session(session.reason)
        if session_id in self._ended:
            raise closed_session(self._ended[session_id])
        raise unknown_session()

    async def close(self, session_id: str) -> None:
        """The client hangs up. Idempotent for ended sessions; raises ApiError 404 if unknown."""
        session = self._sessions.get(session_id)
        if session is not None:
            await session.aclose(Ending.CLIENT)
        elif session_id not in self._ended:
            raise unknown_session()

    def left_s(self, session: Session) -> float | None:
        """Seconds until the session ends if nothing changes; None: no limit stands."""
        return left_s(session.waited(), self.limits)

    def _forget(self, session: Session) -> None:
        self._sessions.pop(session.plan.id, None)
        self._ended[session.plan.id] = session.reason
        while len(self._ended) > REMEMBER_ENDED:
            self._ended.popitem(last=False)
        self._count()
        if session.ending is not None:
            self._metrics.sessions.labels(session.ending.result).inc()

    def _count(self) -> None:
        self._metrics.sessions_active.set(len(self._sessions))
        self._shared.changed()

    # -- watching -----------------------------------------------------------------------------

    def reap(self) -> list[Session]:
        """Begin to close every session whose time is over; returns them."""
        over = []
        for session in self.sessions():
            ending = expired(session.waited(), self.limits)
            if ending is not None and session.ending is None:
                session.request_close(ending)
                over.append(session)
        return over

    async def _reap_for_ever(self) -> None:
        while True:
            await asyncio.sleep(REAP_S)
            self.reap()

    async def _publish_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._stats_interval_s)
            await self.publish()

    async def publish(self) -> None:
        """Let each live session send its stats; a fault in one must not silence the others."""
        for session in self.sessions():
            if session.media is None or session.state is not State.LIVE:
                continue
            try:
                await session.media.publish()
            except Exception as error:  # it ends the session it happened in, with its traceback
                with session_context(session.plan.id):
                    log.exception("stats failed")
                session.request_close(Ending.FAULT, type(error).__name__)

    def queue_ages(self) -> Mapping[str, float]:
        """Queue name -> age in seconds of the oldest item over all sessions."""
        worst: dict[str, float] = {}
        for session in self.sessions():
            if session.media is None:
                continue
            for name, age_s in session.media.queue_ages().items():
                worst[name] = max(worst.get(name, 0.0), age_s)
        return worst

    # -- faults -------------------------------------------------------------------------------

    def engine_fault(self, session_id: str | None, error: BaseException) -> None:
        """The engine failed on one session, or (None) as a whole. Any thread may call."""
        if self._loop is None or self._loop.is_closed():
            log.error("engine fault outside the server's life", exc_info=error)
            return
        self._loop.call_soon_threadsafe(self._engine_fault, session_id, error)

    def _engine_fault(self, session_id: str | None, error: BaseException) -> None:
        away = isinstance(error, EngineAway)
        detail = str(error) if away else f"engine: {type(error).__name__}"
        if session_id is not None:
            session = self._sessions.get(session_id)
            if session is not None:
                with session_context(session_id):
                    log.error("engine fault", exc_info=error)
                session.request_close(Ending.FAULT, detail)
            return
        if away:
            log.error("the engine is away: its sessions end", extra={"reason": detail})
        else:
            log.critical("the engine stopped", exc_info=error)
            self._stopping = "the engine has stopped"
        for session in self.sessions():
            session.request_close(Ending.FAULT, detail)
        if not away:
            self._on_fatal(detail)
