"""Log lines written by a thread of their own: a log that takes nothing stops nobody.

Any thread may log; the thread "log" alone writes to the stream.
Never makes the event loop or the engine wait for a disk, a pipe or a paused terminal.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TextIO

from engines.mailbox import Mailbox

LINES = 4096
"""About a megabyte: a stall of seconds loses nothing, a dead log cannot grow."""
WAIT_S = 3600.0
"""The mailbox wants a bound; `close` wakes the thread."""
END = "\0"
"""In place of a line: nothing more will come."""
PAUSE_S = 0.002
FLUSH_S = 1.0
"""Longest wait for the lines that are left when the process ends."""


class LogWriter(logging.Handler):
    """Hands each formatted line over; the oldest go when nobody takes them, and are counted."""

    def __init__(self, stream: TextIO, lines: int = LINES) -> None:
        super().__init__()
        self._stream = stream
        self._lines: Mailbox[str] = Mailbox("log", lines, "drop-oldest")
        self._thread: threading.Thread | None = None
        self._pause = threading.Event()
        self._written = 0
        self._told = 0
        self._ends = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging under the handler's lock."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - logging's own rule: a bad record is reported, not raised
            self.handleError(record)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="log", daemon=True)
            self._thread.start()
        self._lines.put(line)

    def flush(self) -> None:
        """Wait until everything is written, at most a second. Called by logging at the end."""
        deadline = time.monotonic() + FLUSH_S
        while self._thread is not None and time.monotonic() < deadline:
            stats = self._lines.stats()
            if self._written >= stats.put - stats.dropped - self._ends:
                return
            self._pause.wait(PAUSE_S)

    def close(self) -> None:
        """Write what is left and end the thread; a later line begins another. Idempotent."""
        self.flush()
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ends += 1
            self._lines.put(END)
            # A stream that takes nothing holds it: it is a daemon, the process may end.
            thread.join(FLUSH_S)
        super().close()

    def _write(self) -> None:
        while (line := self._lines.get_wait(WAIT_S)) != END:
            if line is None:
                continue
            dropped = self._lines.stats().dropped
            if dropped > self._told:
                line = f"{dropped - self._told} log lines were dropped: the log took none\n{line}"
                self._told = dropped
            # A closed pipe: there is nobody left to tell.
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(f"{line}\n")
                self._stream.flush()
            self._written += 1
