"""Hears when the visitor begins to speak, pauses, goes on and is done, also while the face speaks.

Pure; one for each session, on the event loop; hops of 20 ms, counted, in place of a clock.
Never takes the face's own echo for a visitor if it can help it, and never keeps more than MAX_S.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np

from engines.turns.echo import FLOOR_DB, Echo, level_db
from engines.turns.pauses import Pauses, Sounding
from engines.vad import HOP, RELEASE_HOPS, Vad, VadState, clean
from engines.values import F32

HOP_S = 0.02
BEGIN_HOPS = 4
"""80 ms of voice in a row, and the detector's own 40, begin a turn in silence."""
BARGE_HOPS = (6, 11)
"""While the face speaks: 140 ms (the detector gives one hop less than it heard) when far above any
echo, 240 when close."""
CLEAR_DB = 12.0
"""So far above what is asked for, the shorter one is enough."""
SLIP = 3
"""Hops of silence that a run of voice survives for each hop it has..."""
MASKED_HOPS = 15
"""...and hops in which the face is too loud to hear anybody: neither voice nor silence."""
PAUSE_HOPS = 12
"""240 ms: from here on the words so far may be looked at."""
LEAST_VOICE = 8
"""A turn with less voice than 160 ms was a cough."""
LEAD_HOPS = 15
"""300 ms before a turn was noticed: its first consonant."""
MAX_S = 30.0
"""A turn is cut here: somebody reads aloud, or a television is on."""
_MAX_HOPS = round(MAX_S / HOP_S)
AGAIN_S = 2.0
"""Who goes on so soon after a turn was taken to be over had only paused."""


class Detector(Protocol):
    """Speech or not, each 20 ms."""

    @property
    def release_hops(self) -> int:
        """Hops of silence that it waits for before it says so."""

    def new_state(self) -> object:
        """Of one session."""

    def step(self, state: object, samples: F32) -> bool:
        """Hear f32[320]; whether it is speech."""


@dataclass(frozen=True, slots=True)
class Began:
    """The visitor speaks; `barged`: into the face's own speech."""

    barged: bool


@dataclass(frozen=True, slots=True)
class Paused:
    """They stopped; perhaps for good. What they said so far, f32[N] at 16 kHz."""

    sound: F32
    number: int
    """Of the pause: words given to `TurnTaker.words` must be of the newest."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """They went on: what was made of the pause is void."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The turn is over: all of it."""

    sound: F32
    number: int
    """Of the pause that ended it."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """It was no turn: a cough, a knock."""


TurnEvent: TypeAlias = Began | Paused | Resumed | Ended | Dropped
_Phase: TypeAlias = Literal["quiet", "talking", "paused"]


class TurnTaker:
    """One session's ears for turns. Any split of the sound gives the same events."""

    def __init__(self, detector: Detector | None = None) -> None:
        self._detector: Detector = detector or _WebRtc()
        self._vad = self._detector.new_state()
        self._echo = Echo()
        self.echo = self._echo.new_state()
        """What is known of the face's own voice in the microphone."""
        self.pauses = Pauses()
        self._rest = np.empty(0, np.float32)
        self._out_rest = np.empty(0, np.float32)
        self._lead: deque[F32] = deque(maxlen=LEAD_HOPS + BARGE_HOPS[1] + MASKED_HOPS)
        self._hops: list[F32] = []
        self._phase: _Phase = "quiet"
        self._run = self._slip = self._masked = 0
        self._voice = self._silence = 0
        self._number = 0
        self._sounding: Sounding = "unknown"
        self._since_end: int | None = None
        self._excess_db = 0.0
        self.level_db = FLOOR_DB
        """Of the newest hop."""
        self.confirmed_hops = 0
        """How many hops of sustained speech the last barge-in took."""

    @property
    def talking(self) -> bool:
        """Whether a turn is on, a pause in it counted."""
        return self._phase != "quiet"

    @property
    def echoing(self) -> bool:
        """Whether the face's own voice may be in the microphone now."""
        return self._echo.active(self.echo)

    def played(self, samples: F32) -> None:
        """What goes out to the visitor now, f32[N], in step with the clock."""
        joined = np.concatenate((self._out_rest, samples))
        whole = len(joined) // HOP * HOP
        self._out_rest = joined[whole:]
        for hop in joined[:whole].reshape(-1, HOP):
            self._echo.played(self.echo, hop)

    def hear(self, samples: F32) -> list[TurnEvent]:
        """The microphone's next f32[N]; what that began or ended, in order."""
        joined = np.concatenate((self._rest, clean(samples)))
        whole = len(joined) // HOP * HOP
        self._rest = joined[whole:]
        events: list[TurnEvent] = []
        for hop in joined[:whole].reshape(-1, HOP):
            events += self._hop(hop)
        return events

    def words(self, number: int, sounding: Sounding) -> None:
        """How the words up to pause `number` sound; of an older pause it is ignored."""
        if number == self._number and self._phase == "paused":
            self._sounding = sounding

    def forget(self) -> None:
        """The turn is not wanted: as if nothing had been said."""
        self._quiet()
        self._since_end = None

    def _hop(self, hop: F32) -> list[TurnEvent]:
        self.level_db = level_db(hop)
        required_db = self._echo.heard(self.echo, hop)
        speech = self._detector.step(self._vad, hop)
        active = self._echo.active(self.echo)
        voiced = speech and self.level_db >= required_db
        self._excess_db = self.level_db - required_db
        if self._since_end is not None:
            self._since_end += 1
        if self._phase == "quiet":
            return self._wait(hop, voiced, speech and active)
        # Once they speak, a hop in which the echo hides them is neither voice nor a pause.
        return self._follow(hop, voiced, active and speech and not voiced)

    def _wait(self, hop: F32, voiced: bool, masked: bool) -> list[TurnEvent]:
        """Nobody speaks yet: is this the beginning?"""
        self._lead.append(hop)
        active = self._echo.active(self.echo)
        self._count_run(voiced, masked)
        if voiced and active:
            self._echo.is_visitor(self.echo, 1)
        if self._run < self._needed(active):
            return []
        if (
            active
            and (echo := self._echo.like_echo(self.echo, self._run + self._slip)) is not False
        ):
            if echo:
                self._echo.louder(self.echo)
                self._run = self._slip = self._masked = 0
            return []
        self._echo.is_visitor(self.echo, self._run + self._slip)
        self.confirmed_hops = self._run
        self._hops = list(self._lead)[-(LEAD_HOPS + self._run + self._slip + self._masked) :]
        self._lead.clear()
        self._phase, self._voice, self._silence = "talking", self._run, 0
        self._run = self._slip = self._masked = 0
        since, self._since_end = self._since_end, None
        if since is not None and since * HOP_S <= AGAIN_S:
            # It had not been the end: learn the pause (the silence that was waited for is in it).
            self.pauses.heard(since * HOP_S)
        return [Began(barged=active)]

    def _count_run(self, voiced: bool, masked: bool) -> None:
        """Voice that is sustained: a few hops without it are forgiven, a knock is not enough."""
        if voiced:
            self._run += 1
            self._slip = 0
        elif self._run and masked and self._masked < MASKED_HOPS:
            self._masked += 1
        elif self._run and self._slip < min(SLIP, self._run):
            self._slip += 1
        else:
            self._run = self._slip = self._masked = 0

    def _needed(self, active: bool) -> int:
        if not active:
            return BEGIN_HOPS
        clear = self._excess_db >= CLEAR_DB and self._echo.known(self.echo)
        return BARGE_HOPS[0] if clear else BARGE_HOPS[1]

    def _follow(self, hop: F32, voiced: bool, masked: bool) -> list[TurnEvent]:
        """They speak, or paused."""
        self._hops.append(hop)
        if self._echo.active(self.echo):
            self._echo.is_visitor(self.echo, 1)
        if voiced:
            self._masked = 0
            return self._go_on()
        if masked and self._masked < MASKED_HOPS:
            self._masked += 1
            return self._cut()
        self._silence += 1
        if self._phase == "talking":
            if self._silence + self._detector.release_hops < PAUSE_HOPS:
                return []
            self._phase = "paused"
            self._sounding = "unknown"
            if self._voice < LEAST_VOICE:
                self._quiet()
                return [Dropped()]
            self._number += 1
            return [Paused(self._sound(), self._number)]
        if self._silent_s(self._silence) < self.pauses.wait_s(self._sounding):
            return []
        return self._end()

    def _go_on(self) -> list[TurnEvent]:
        self._voice += 1
        silence, self._silence = self._silence, 0
        if self._phase == "paused":
            self._phase = "talking"
            self.pauses.heard(self._silent_s(silence))
            return [Resumed(), *self._cut()]
        if silence:
            self.pauses.heard(self._silent_s(silence))
        return self._cut()

    def _silent_s(self, hops: int) -> float:
        """A silence of which the detector told the last `hops`."""
        return (hops + self._detector.release_hops) * HOP_S

    def _cut(self) -> list[TurnEvent]:
        """Nobody is listened to for ever."""
        if len(self._hops) < _MAX_HOPS:
            return []
        self._number += 1
        return self._end()

    def _end(self) -> list[TurnEvent]:
        ended = Ended(self._sound(), self._number)
        since = self._silence + self._detector.release_hops
        self._quiet()
        self._since_end = since
        return [ended]

    def _sound(self) -> F32:
        sound: F32 = np.concatenate(self._hops)
        return sound

    def _quiet(self) -> None:
        self._phase = "quiet"
        self._hops = []
        self._run = self._slip = self._masked = self._voice = self._silence = 0


class _WebRtc:
    """`engines.vad.Vad` as a Detector."""

    release_hops = RELEASE_HOPS

    def __init__(self) -> None:
        self._vad = Vad()

    def new_state(self) -> object:
        return self._vad.new_state()

    def step(self, state: object, samples: F32) -> bool:
        assert isinstance(state, VadState)
        return self._vad.step(state, samples)
