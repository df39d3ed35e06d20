"""When a session has waited or lived too long: the watchdogs as one pure rule.

Pure; the reaper of `server.manager` asks it on the event loop.
Never closes anything itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.session_states import Ending, State
from server.settings import RtcSettings, SessionSettings


@dataclass(frozen=True, slots=True)
class Waited:
    """How long one session has been where it is."""

    state: State
    in_state_s: float
    life_s: float
    """Since it was created."""
    mic_silent_s: float | None
    """Since the last microphone packet (any packet, silence too); None: no microphone expected."""
    empty_s: float | None = None
    """Since the last one left by a door; None while somebody is there, or a page has called."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The longest waits, in seconds."""

    offer_s: float
    connect_s: float
    mic_s: float
    life_s: float | None

    @classmethod
    def of(cls, session: SessionSettings, rtc: RtcSettings) -> Limits:
        """From the settings."""
        return cls(
            offer_s=session.offer_timeout_s,
            connect_s=rtc.connect_timeout_s,
            mic_s=rtc.mic_watchdog_s,
            life_s=session.max_duration_s,
        )


def expired(waited: Waited, limits: Limits) -> Ending | None:
    """Why the session must end now, or None."""
    if waited.state in (State.CLOSING, State.CLOSED):
        return None
    if limits.life_s is not None and waited.life_s >= limits.life_s:
        return Ending.LIMIT
    if waited.state is State.CREATED and waited.in_state_s >= limits.offer_s:
        return Ending.NEVER_OFFERED
    if waited.state is State.CONNECTING and waited.in_state_s >= limits.connect_s:
        return Ending.NEVER_CONNECTED
    if waited.empty_s is not None and waited.empty_s >= limits.offer_s:
        return Ending.LEFT
    if waited.state is State.LIVE and waited.mic_silent_s is not None:
        # A microphone that never sent counts from the moment the session went live.
        silent_s = min(waited.mic_silent_s, waited.in_state_s)
        if silent_s >= limits.mic_s:
            return Ending.MICROPHONE_LOST
    return None


def left_s(waited: Waited, limits: Limits) -> float | None:
    """Seconds until the session ends if nothing changes; None: no limit stands."""
    waits = []
    if limits.life_s is not None:
        waits.append(limits.life_s - waited.life_s)
    if waited.state is State.CREATED:
        waits.append(limits.offer_s - waited.in_state_s)
    if waited.state is State.CONNECTING:
        waits.append(limits.connect_s - waited.in_state_s)
    return max(0.0, min(waits)) if waits else None
