"""Whether an assistant listens, thinks or speaks, told to the page; and its listening looks.

Runs on the event loop; one for each session.
Never tells the same twice.
"""

from __future__ import annotations

from server.assistant.interfaces import Body

QUIET_DB, LOUD_DB = -50.0, -15.0
"""Levels of a voice that count as energy 0 and 1."""
STEP = 0.2
"""The energy is told again when it has changed by this much."""
SMOOTH = 0.05
"""Of each hop: about 0.4 s."""


class Status:
    """One session's."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._told: tuple[str, bool] | None = None
        self._state = "listening"
        self._hears = False
        self._energy = 0.5
        self._told_energy = 0.5

    @property
    def state(self) -> str:
        """listening, thinking or speaking."""
        return self._state

    def show(self, *, speaking: bool, thinking: bool) -> None:
        """What it does now."""
        self._state = "speaking" if speaking else "thinking" if thinking else "listening"
        self._tell()

    def again(self) -> None:
        """Tell it to a page that may have missed it."""
        told, self._told = self._told, None
        if told is not None:
            self._tell()

    def hearing(self, hears: bool) -> None:
        """Whether the visitor speaks: the face looks on and nods."""
        if hears == self._hears:
            return
        self._hears = hears
        self._listen()
        self._tell()

    def loud(self, level_db: float) -> None:
        """How loud the visitor is now."""
        if not self._hears:
            return
        share = min(max((level_db - QUIET_DB) / (LOUD_DB - QUIET_DB), 0.0), 1.0)
        self._energy += SMOOTH * (share - self._energy)
        if abs(self._energy - self._told_energy) >= STEP:
            self._listen()

    def _listen(self) -> None:
        self._told_energy = self._energy
        energy = round(self._energy, 2)
        self._body.act({"type": "listening", "speaking": self._hears, "energy": energy})

    def _tell(self) -> None:
        now = (self._state, self._hears)
        if now != self._told:
            self._told = now
            self._body.tell({"type": "turn", "state": self._state, "hearing": self._hears})
