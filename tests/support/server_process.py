"""A real server, `python -m server serve`, as a child process on a free loopback port.

Runs in the test process; stops what it starts, by SIGTERM, and looks at how it ended.
Never listens on anything but loopback.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 60.0


def free_port() -> int:
    """A TCP port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ServerFailed(Exception):
    """The server did not start, or did not stop as it should; the message ends with its log."""


class ServerProcess:
    """Started by `with`; `url` is its address. `settings` are as in SYNCHRORAMA_* variables."""

    def __init__(
        self,
        log: Path,
        settings: Mapping[str, str] | None = None,
        *,
        python: str = sys.executable,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        self._python = python
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ServerProcess:
        """Start it; returns when it is ready."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    @property
    def pid(self) -> int:
        """Of the child process."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """All it has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start it on its port and wait until it can take a session.

        Raises ServerFailed with the log when it ends or takes longer than START_TIMEOUT_S.
        """
        # The caller's own settings stay out, but the tests may be run on other avatars.
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("SYNCHRORAMA_") or name.startswith("SYNCHRORAMA_AVATARS_")
        }
        environment |= {"SYNCHRORAMA_RTC_BIND_ADDRESSES": "127.0.0.1", **self._settings}
        command = [self._python, "-m", "server", "serve", "--port", str(self.port)]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
            )
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not self._ready():
            if self._ended_within(0.1) or time.monotonic() > deadline_s:
                self.stop(check=False)
                raise ServerFailed(f"the server did not become ready:\n{self.log[-4000:]}")

    def stop(self, *, check: bool = True) -> None:
        """SIGTERM, wait, look at the exit status. Idempotent. Raises ServerFailed."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ServerFailed(f"SIGTERM did not end it:\n{self.log[-4000:]}") from None
        if check and status != 0:
            raise ServerFailed(f"the server ended with {status}:\n{self.log[-4000:]}")

    def kill(self) -> None:
        """SIGKILL: gone without a word, as in a power cut."""
        process, self._process = self._process, None
        assert process is not None
        process.kill()
        process.wait(STOP_TIMEOUT_S)

    def get(self, path: str) -> Any:
        """JSON of a GET."""
        return json.loads(self.text(path))

    def text(self, path: str) -> str:
        """Text of a GET."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=60) as reply:
            text: str = reply.read().decode()
            return text

    def metric(self, name: str) -> float:
        """One sample of /metrics without labels."""
        for line in self.text("/metrics").splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
        raise KeyError(name)

    def _ready(self) -> bool:
        try:
            self.text("/readyz")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def _ended_within(self, seconds: float) -> bool:
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True
