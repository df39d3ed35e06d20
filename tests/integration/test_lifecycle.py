"""The whole server as a process: start, a session, SIGTERM in mid-stream, bad starts."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import websockets

from tests.integration.loopback import Client
from tests.support.server_process import ROOT, ServerProcess, free_port

CLEAN_WITHIN_S = 15.0
"""Under a second on a quiet machine; what hangs takes longer than this."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path / "server.log", {"SYNCHRORAMA_SESSION_SIZE": "256"}) as running:
        yield running


async def connect(server: ServerProcess, client: Client, **wishes: object) -> str:
    """A live session on the running server."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        created = await http.post("/v1/sessions", json={"seed": 1, **wishes})
        session = str(created.json()["id"])
        offer = {"sdp": await client.offer(), "type": "offer"}
        answer = await http.post(f"/v1/sessions/{session}/offer", json=offer)
        assert answer.status_code == 201, answer.text
        await client.take(answer.json()["sdp"])
    async with asyncio.timeout(60):
        await client.connected.wait()
    return session


async def test_sigterm_in_mid_stream_ends_it_cleanly_within_seconds(server: ServerProcess) -> None:
    client = Client()
    try:
        session = await connect(server, client)
        await client.video.at_least(10, timeout_s=60)
        begun = time.monotonic()
        await asyncio.to_thread(server.stop)
        assert time.monotonic() - begun < CLEAN_WITHIN_S
    finally:
        await client.aclose()
    assert any("the server is stopping" in event for event in client.events)
    log = server.log
    assert "session is closed" in log
    assert "Traceback" not in log
    assert " error " not in log
    assert "DeprecationWarning" not in log
    # The id is a capability: whoever reads the log must not get it.
    assert session not in log


async def test_sigterm_while_speech_is_pushed_tells_the_client(server: ServerProcess) -> None:
    client = Client(mic=False)
    try:
        session = await connect(server, client, voice="push")
        url = f"{server.url.replace('http', 'ws')}/v1/sessions/{session}/audio"
        async with websockets.connect(url) as socket:
            await socket.send('{"type": "start", "sample_rate": 16000}')
            await socket.send(bytes(32_000 * 5))
            await client.video.at_least(10, timeout_s=60)
            begun = time.monotonic()
            await asyncio.to_thread(server.stop)
            assert time.monotonic() - begun < CLEAN_WITHIN_S
            with pytest.raises(websockets.ConnectionClosed) as caught:
                async with asyncio.timeout(60):
                    while True:
                        await socket.recv()
        assert caught.value.rcvd is not None
        # Service restart (RFC 6455 registry), or our own word for a session that ends.
        assert caught.value.rcvd.code in (1001, 1012)
    finally:
        await client.aclose()
    assert "Traceback" not in server.log
    assert " error " not in server.log


async def test_it_answers_again_after_a_session_was_hung_up(server: ServerProcess) -> None:
    client = Client()
    session = await connect(server, client)
    await client.video.at_least(5, timeout_s=60)
    await client.aclose()
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        await http.delete(f"/v1/sessions/{session}")
    assert server.metric("avatar_sessions_active") == 0
    assert server.get("/readyz")["status"] == "ready"


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("SYNCHRORAMA_")}
    return subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:uvicorn", "-m", "server", *arguments],
        cwd=ROOT,
        env={**kept, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_is_told_with_what_to_do(server: ServerProcess) -> None:
    done = run("serve", "--port", str(server.port))
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {server.port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_setting_stops_the_start() -> None:
    done = run("serve", env={"SYNCHRORAMA_SERVER_PROT": "1"})
    assert done.returncode == 2
    assert "did you mean SYNCHRORAMA_SERVER_PORT?" in done.stderr


def test_a_start_that_fails_says_why_and_leaves_no_port(tmp_path: Path) -> None:
    port = free_port()
    done = run("serve", "--port", str(port), "--avatars-default", "nobody")
    assert done.returncode == 2
    assert "avatars.default: got 'nobody', wanted one of" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_signal_is_not_needed_before_it_is_ready(tmp_path: Path) -> None:
    """SIGTERM while models are being loaded ends it too."""
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve", "--port", "0"],
            cwd=ROOT,
            stdout=out,
            stderr=out,
        )
        try:
            deadline = time.monotonic() + 120
            while "Waiting for application startup" not in log.read_text():
                assert time.monotonic() < deadline
                assert process.poll() is None, log.read_text()
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        finally:
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text()
