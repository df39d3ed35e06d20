"""The scripted provider (`server.bench.scripted`) as a process of its own, for tests.

Started by `with`; ended when the block is left.
Never shares a loop with what it is asked by.
"""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import Any
from urllib.request import urlopen

from tests.support.server_process import ROOT, free_port


class Provider:
    """`url` is what the settings want; `ws` that of Realtime."""

    def __enter__(self) -> Provider:
        """Returns when it listens."""
        port = free_port()
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/v1"
        self.ws = f"ws://127.0.0.1:{port}/v1/realtime"
        command = [sys.executable, "-m", "server.bench.scripted", "--port", str(port)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self._process.kill()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def seen(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What it was asked so far."""
        with urlopen(f"{self.root}/seen", timeout=20) as reply:
            found: list[dict[str, Any]] = json.load(reply)
        return [each for each in found if kind in (None, each["kind"])]
