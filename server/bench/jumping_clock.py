"""The server with a wall clock that can be made to jump, for `bench faults`.

Run as `python -m server.bench.jumping_clock serve`; SIGUSR1: an hour on, SIGUSR2: back.
Never touches the machine's clock: only what this process is told by `time` and by aiortc.

Monotonic clocks do not jump with the wall clock, and do not here.
"""

from __future__ import annotations

import datetime
import signal
import sys
import time
from collections.abc import Callable

JUMP_S = 3600.0


class Jumping:
    """A wall clock with an offset."""

    def __init__(self, real: Callable[[], float]) -> None:
        self._real = real
        self.offset_s = 0.0

    def time(self) -> float:
        """Seconds since 1970, and the jump."""
        return self._real() + self.offset_s

    def time_ns(self) -> int:
        """The same in nanoseconds."""
        return int(self.time() * 1e9)

    def now(self) -> datetime.datetime:
        """The same as aiortc's reports want it."""
        return datetime.datetime.fromtimestamp(self.time(), datetime.UTC)

    def jump(self, seconds: float) -> None:
        """From now on."""
        self.offset_s += seconds


def install(clock: Jumping) -> None:
    """Let this process's `time` and aiortc's sender reports go by `clock`."""
    import aiortc.clock

    setattr(time, "time", clock.time)  # noqa: B010 - a module's function, on purpose
    setattr(time, "time_ns", clock.time_ns)  # noqa: B010
    vars(aiortc.clock)["current_datetime"] = clock.now


def main() -> int:
    """The usual command line, by this clock."""
    clock = Jumping(time.time)
    install(clock)
    signal.signal(signal.SIGUSR1, lambda *_: clock.jump(JUMP_S))
    signal.signal(signal.SIGUSR2, lambda *_: clock.jump(-JUMP_S))
    from server.cli import main as command_line

    return command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
