"""The server under test: started on a free loopback port, or one that is running already.

Runs in the bench's process; every request has a deadline.
Never leaves the server it started behind.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families

from server.bench.needs import BenchError
from server.settings_load import env_name

READY_TIMEOUT_S = 60.0
REQUEST_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 10.0
POLL_S = 0.1
LOG_TAIL = 2000
SERVE = (sys.executable, "-m", "server", "serve")

MEASURED_HERE: Mapping[str, str] = {
    "server.host": "127.0.0.1",
    "rtc.bind_addresses": "127.0.0.1",
    "log.level": "warning",
}
"""Settings of a server that the bench starts: nothing leaves the machine."""


class Refused(BenchError):
    """The server answered with an error of its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Service:
    """A server to measure."""

    url: str
    """Without a slash at the end."""
    pid: int | None
    """Its process, where the bench started it."""
    settings: Mapping[str, str]
    """What it was started with beyond the defaults."""

    async def json(self, method: str, path: str, body: object | None = None) -> Any:
        """One request with a JSON answer. Raises BenchError on any failure or refusal."""
        text = await asyncio.to_thread(_request, method, f"{self.url}{path}", body)
        return json.loads(text) if text else None

    async def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by `name` or `name{label=value,...}`."""
        return parse_metrics(await asyncio.to_thread(_request, "GET", f"{self.url}/metrics", None))


def parse_metrics(text: str) -> dict[str, float]:
    """Prometheus text format -> sample name (labels in braces, sorted) -> value.

    Of a server of several processes the sum over them.
    """
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            named = sorted((key, text) for key, text in sample.labels.items() if key != "process")
            labels = ",".join(f"{key}={text}" for key, text in named)
            name = f"{sample.name}{{{labels}}}" if labels else sample.name
            found[name] = found.get(name, 0.0) + sample.value
    return found


def _request(method: str, url: str, body: object | None) -> str:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urlopen(request, timeout=REQUEST_TIMEOUT_S) as reply:
            return str(reply.read().decode())
    except HTTPError as error:
        said = error.read().decode(errors="replace")[:500]
        raise Refused(error.code, f"{method} {url}: {error.code} {said}") from error
    except (URLError, OSError) as error:
        raise BenchError(f"{method} {url}: {error}; is the server running?") from error


def free_port() -> int:
    """A TCP port of loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def service(
    url: str | None,
    settings: Mapping[str, str],
    *,
    command: tuple[str, ...] = SERVE,
    host: str = "127.0.0.1",
    log: Path | None = None,
) -> AsyncIterator[Service]:
    """The server at `url`, or one started with `settings` and stopped at the end.

    `host` is where a started one is to be found (it is told so by the setting `server.host`);
    `log` is where what it says goes.

    Raises BenchError when it cannot be reached, or ends, or is not ready within 60 s.
    """
    if url is not None:
        running = Service(url.rstrip("/"), None, {})
        await running.json("GET", "/v1/capabilities")
        yield running
        return
    port = free_port()
    given = {**MEASURED_HERE, **settings}
    variables = {env_name(key): value for key, value in given.items()}
    variables[env_name("server.port")] = str(port)
    async with AsyncExitStack() as stack:
        sink = stack.enter_context(_sink(log))
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **variables}, stdout=sink, stderr=sink
        )
        stack.push_async_callback(_stop, process)
        started = Service(f"http://{host}:{port}", process.pid, given)
        problem = await _wait_ready(started, process)
        if problem:
            tail = f"its words are in {log}" if log else _tail(sink)
            raise BenchError(f"the server did not become ready: {problem}\n{tail}")
        yield started


def _sink(log: Path | None) -> IO[bytes]:
    # Also for a pipe: it is opened for reading and writing, and not waited for.
    return tempfile.TemporaryFile() if log is None else log.open("w+b", buffering=0)


def _tail(sink: IO[bytes]) -> str:
    sink.seek(0)
    return sink.read().decode(errors="replace")[-LOG_TAIL:]


async def _wait_ready(started: Service, process: Process) -> str:
    """Empty once it is ready, else what kept it from that."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    problem = "it did not answer"
    while time.monotonic() < deadline:
        if process.returncode is not None:
            return f"it ended with {process.returncode}"
        try:
            await asyncio.to_thread(_request, "GET", f"{started.url}/readyz", None)
        except BenchError as error:
            problem = str(error)
        else:
            return ""
        await asyncio.sleep(POLL_S)
    return problem


async def _stop(process: Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
