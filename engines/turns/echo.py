"""How loud a microphone hop must be to be more than the face's own voice coming back.

Pure; one state for each session; hops of 20 ms, counted, in place of a clock.
Never sees more of either sound than its level: what a call does to samples does not matter.

What goes out is known. Its level envelope is compared with the microphone's at each delay of up to
1.2 s; where they go together (normalised cross-correlation) the delay and the coupling are known.
Where they do not, the loudest of the last 1.2 s stands for what may come back.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engines.values import F32

F64 = NDArray[np.float64]
MAX_LAG = 60
"""1.2 s: network, playout buffer, loudspeaker, room, encoder and back."""
KEPT = 400
"""8 s of levels on either side."""
WINDOW = 150
"""3 s are compared at once."""
LOOK_EVERY = 10
FLOOR_DB = -70.0
ACTIVE_DB = -48.0
"""Of what goes out; less makes no echo worth telling."""
FIRST_DB = -12.0
"""Coupling assumed until the first speech has shown how much it is: browsers cancel echo. What is
louder must be sustained, and follow what went out at no delay, before it is a visitor."""
WORST_DB = 12.0
"""No loudspeaker comes back louder than this."""
LEAST_DB = -60.0
MARGIN_DB = 6.0
"""A visitor is this much louder than the echo that can be expected."""
DECAY_DB = 1.6
"""Per hop: a room of 0.75 s reverberation falls 60 dB in 37 hops."""
MAX_AHEAD = 100
DRIFT_HOPS = 250
SURE = 0.6
"""Correlation from which the delay is believed."""
OWN = 50
"""Hops without a visitor, of the window, that say whether a delay is another one."""
NEAR = 3
"""Hops to either side of the delay that count: playout buffers stretch and shrink."""
SETTLE = 20
"""A hop is learned from 0.4 s later, unless it has turned out to be a visitor by then."""
HEARD = MAX_LAG + 20
"""Active hops after which the measured coupling takes the place of the worst case."""
LOUD_DB = 10.0
"""Only what is so far below the loudest of late, or louder, says how much comes back: below it the
noise of the room is taken for echo."""
OVERS = 200
"""Hops that the coupling is measured by: 4 s of the face's loud syllables."""
SHARE = 92
"""Percentile of them: visitors that were not noticed are among the rest."""
SHORT, LONG = 25, 50
"""Hops compared with what went out: at the known delay, at any."""
ECHO_LIKE, ECHO_LIKE_ANYWHERE = 0.8, 0.85
"""What follows the known delay (the best of all) as closely as this is echo, however loud."""
TELLING = 12
"""Hops of the face's sound that say so: that both begin at once is a coincidence."""
RUN, RUN_LIKE = 10, 0.92
"""The voice's own hops, where so many, are compared by themselves."""
DEEP_DB = 30.0
"""Softer than the loudest by more is a pause, however much."""
COVERED = 0.7
"""Share of a visitor's hops in which the face must sound to be taken for them."""


def level_db(hop: F32) -> float:
    """RMS of a hop in dB of full scale, FLOOR_DB at least."""
    power = float(np.mean(np.square(hop, dtype=np.float64))) if len(hop) else 0.0
    return max(FLOOR_DB, 10.0 * float(np.log10(max(power, 1e-12))))


@dataclass(slots=True)
class EchoState:
    """Levels of both sides and what was learned from them."""

    out_db: F64 = field(default_factory=lambda: np.full(KEPT, FLOOR_DB))
    """Of what the face said, the newest last."""
    mic_db: F64 = field(default_factory=lambda: np.full(KEPT, FLOOR_DB))
    expected_db: F64 = field(default_factory=lambda: np.full(KEPT, FLOOR_DB))
    """Level of what may come back with each microphone hop, before the coupling."""
    visitor: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(KEPT, np.bool_))
    """Hops that were a visitor's, as far as is known."""
    ahead: int = 0
    """Outgoing hops beyond the microphone's."""
    least_ahead: int = 100
    """Of the last while."""
    hops: int = 0
    lag: int | None = None
    """Hops from going out to coming back, once believed."""
    over_db: deque[float] = field(default_factory=lambda: deque(maxlen=OVERS))
    """How far the microphone was above what was expected, at loud hops."""
    coupling_db: float = FIRST_DB
    measured: int = 0
    correlation: float = 0.0
    tail_db: float = FLOOR_DB


class Echo:
    """Steps an EchoState; shared by all sessions."""

    def new_state(self) -> EchoState:
        """Nothing heard, the worst expected."""
        return EchoState()

    def played(self, state: EchoState, hop: F32) -> None:
        """The next 20 ms that go out."""
        _push(state.out_db, level_db(hop))
        state.ahead = min(state.ahead + 1, MAX_AHEAD)

    def heard(self, state: EchoState, hop: F32) -> float:
        """The next 20 ms of the microphone: the level (dB) that more than echo must have."""
        mic_db = level_db(hop)
        self._align(state)
        state.hops += 1
        for row in (state.mic_db, state.expected_db):
            row[:-1] = row[1:]
        state.visitor[:-1] = state.visitor[1:]
        state.mic_db[-1], state.visitor[-1] = mic_db, False
        state.expected_db[-1] = self._expected(state)
        self._learn(state)
        if state.hops % LOOK_EVERY == 0:
            self._find_lag(state)
        return self.required_db(state)

    def required_db(self, state: EchoState) -> float:
        """For the newest hop; FLOOR_DB where no echo can be."""
        expected_db = float(state.expected_db[-1])
        if expected_db <= ACTIVE_DB:
            return FLOOR_DB
        return expected_db + state.coupling_db + MARGIN_DB

    def active(self, state: EchoState) -> bool:
        """Whether the face's own voice may be in the newest hop."""
        return bool(state.expected_db[-1] > ACTIVE_DB)

    def is_visitor(self, state: EchoState, hops: int) -> None:
        """The last `hops` were a visitor's: they say nothing about echo."""
        state.visitor[-max(1, hops) :] = True

    def known(self, state: EchoState) -> bool:
        """Whether the coupling was measured, or is the one assumed at first."""
        return state.measured >= HEARD

    def like_echo(self, state: EchoState, run: int) -> bool | None:
        """Whether the last hops, `run` of them a voice, follow what went out; None: too soon.

        At the known delay, or at any until one is known and the coupling is.
        """
        lags: range
        if state.lag is not None:
            count, enough = SHORT, ECHO_LIKE
            lags = range(max(0, state.lag - NEAR), state.lag + NEAR + 1)
        elif not self.known(state):
            count, enough, lags = LONG, ECHO_LIKE_ANYWHERE, range(MAX_LAG + 1)
        else:
            return False
        found = [_follows(state, count, lag, run) for lag in lags]
        if any(each is not None and each > enough for each in found):
            return True
        if state.lag is not None and run >= RUN:
            # Turned up within that half second: what is loud follows, the whole does not.
            alone = [_follows(state, run, lag, run, RUN) for lag in lags]
            if any(each is not None and each > RUN_LIKE for each in alone):
                return True
        return None if all(each is None for each in found) else False

    def louder(self, state: EchoState) -> None:
        """It was echo after all: somebody turned the loudspeaker up, or it is the first."""
        over = state.mic_db[-SHORT:] - state.expected_db[-SHORT:]
        active = state.expected_db[-SHORT:] > ACTIVE_DB
        state.visitor[-SHORT:] = False
        if active.any():
            most_db = min(WORST_DB, float(over[active].max()))
            state.coupling_db = max(state.coupling_db, most_db)
            state.over_db.extend([state.coupling_db] * (OVERS // 8))

    def _align(self, state: EchoState) -> None:
        """Which outgoing hop was newest when this one came: both tick alike, but for drift."""
        state.ahead = max(0, state.ahead - 1) if state.hops else 0
        state.least_ahead = min(state.least_ahead, state.ahead)
        if state.hops % DRIFT_HOPS == DRIFT_HOPS - 1:
            # Never once caught up: the microphone's clock is slower, or it was away.
            state.ahead -= state.least_ahead
            if state.lag is not None:
                state.lag = min(MAX_LAG, state.lag + state.least_ahead)
            state.least_ahead = MAX_AHEAD

    def _expected(self, state: EchoState) -> float:
        """The loudest that went out within the delays that may be, and its fading in the room."""
        if state.lag is None:
            loudest = float(_lagged(state, MAX_LAG + 1, 0).max())
        else:
            low = max(0, state.lag - NEAR)
            loudest = float(_lagged(state, state.lag + NEAR - low + 1, low).max())
        state.tail_db = max(loudest, state.tail_db - DECAY_DB)
        return state.tail_db

    def _learn(self, state: EchoState) -> None:
        """From the hop of SETTLE ago: how much of what went out came back at most."""
        at = -1 - SETTLE
        if state.expected_db[at] <= ACTIVE_DB or state.visitor[at]:
            return
        state.measured += 1
        if state.expected_db[at] >= float(state.expected_db.max()) - LOUD_DB:
            state.over_db.append(float(state.mic_db[at] - state.expected_db[at]))
        if state.measured >= HEARD and state.hops % LOOK_EVERY == 0 and state.over_db:
            share = float(np.percentile(state.over_db, SHARE))
            state.coupling_db = max(share, LEAST_DB)

    def _find_lag(self, state: EchoState) -> None:
        mic = state.mic_db[-WINDOW:]
        if state.hops < WINDOW or not _lively(_lagged(state, WINDOW, 0)):
            return
        found = _correlations(mic, _lagged(state, WINDOW + MAX_LAG, 0))
        best = int(np.argmax(found))
        state.correlation = float(found[best])
        if found[best] < SURE:
            return
        moved = state.lag is None or abs(best - state.lag) > NEAR
        if moved and self._stays(state, best):
            return
        state.lag = best
        if moved:
            self._relearn(state)

    def _stays(self, state: EchoState, other: int) -> bool:
        """Whether the other delay does not fit, or fits worse, where no visitor was heard.

        Somebody who speaks while the face does may go with it at any delay.
        """
        own = ~state.visitor[-WINDOW:]
        if state.lag is None or own.sum() < OWN:
            return False
        mic = state.mic_db[-WINDOW:][own]
        known, found = (
            float(_correlations(mic, _lagged(state, WINDOW, lag)[own])[0])
            for lag in (state.lag, other)
        )
        return found < max(SURE, known)

    def _relearn(self, state: EchoState) -> None:
        """The delay is known anew: what it means for the hops heard before."""
        assert state.lag is not None
        out = _lagged(state, WINDOW, state.lag)
        loud = (out > max(ACTIVE_DB, float(out.max()) - LOUD_DB)) & ~state.visitor[-WINDOW:]
        state.over_db.clear()
        state.over_db.extend((state.mic_db[-WINDOW:] - out)[loud].tolist())


def _push(row: F64, value: float) -> None:
    row[:-1] = row[1:]
    row[-1] = value


def _lagged(state: EchoState, count: int, lag: int) -> F64:
    """What went out `lag` hops before each of the last `count` microphone hops."""
    end = KEPT - state.ahead - lag
    return state.out_db[max(0, end - count) : max(1, end)]


def _lively(out: F64) -> bool:
    """Whether enough was said, with enough rise and fall, to find it again."""
    return bool((out > ACTIVE_DB).mean() > 0.25 and out.std() > 3.0)


def _correlations(mic: F64, out: F64) -> F64:
    """Of f64[W] with each stretch of f64[W + L], by how much earlier it lies: f64[L + 1]."""
    stretches = np.lib.stride_tricks.sliding_window_view(out, len(mic))[::-1]
    a, b = mic - mic.mean(), stretches - stretches.mean(axis=1, keepdims=True)
    norm = np.sqrt((a @ a) * np.einsum("ij,ij->i", b, b))
    found: F64 = (b @ a) / np.maximum(norm, 1e-9)
    return found


def _follows(
    state: EchoState, count: int, lag: int, run: int, enough: int = TELLING
) -> float | None:
    """Correlation of the last `count` hops with what went out, where that was no pause.

    None where too little went out to tell; -1 where none did while the `run` was heard.
    """
    out = _lagged(state, count, lag)
    sounds = out > max(ACTIVE_DB, float(out.max()) - DEEP_DB)
    if sounds[-run:].mean() < COVERED:
        return -1.0
    if sounds.sum() < enough:
        return None
    left, right = state.mic_db[-len(out) :][sounds], out[sounds]
    a, b = left - left.mean(), right - right.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 1e-9 else 0.0
