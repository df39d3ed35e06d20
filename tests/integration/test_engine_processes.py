"""`serve --server-engines 2` as real processes on the CPU, drawing in batches: one is killed."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.integration.loopback import Client
from tests.integration.test_workers import child, live, silence
from tests.support.server_process import ServerProcess

SETTINGS = {
    "SYNCHRORAMA_SERVER_ENGINES": "2",
    "SYNCHRORAMA_RENDER_DEVICES": "0,1",
    "SYNCHRORAMA_RENDER_BATCHES": "on",
    "SYNCHRORAMA_SESSION_SIZE": "256",
    "SYNCHRORAMA_SESSION_MAX_SESSIONS": "4",
    "SYNCHRORAMA_SESSION_ADMISSION": "cap",
}
log = logging.getLogger(__name__)


async def test_an_engine_that_is_killed_takes_its_own_sessions_alone(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "server.log", SETTINGS) as server:
        clients = [Client(silence), Client(silence)]
        async with live(server, clients[0]), live(server, clients[1]):
            told: asyncio.Queue[tuple[int, float, str]] = asyncio.Queue()
            for at, client in enumerate(clients):
                await client.video.at_least(5)

                def heard(message: str, at: int = at) -> None:
                    event = json.loads(message)
                    if event["type"] == "closed":
                        told.put_nowait((at, time.monotonic(), event["reason"]))

                client.channel.on("message", heard)
            async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
                metrics = (await http.get("/metrics")).text
            uses = re.findall(r'^avatar_engine_use\{process="engine-\d"\} (\S+)', metrics, re.M)
            if len(uses) < 2 or min(map(float, uses)) == 0:
                pytest.skip(f"this machine is so busy that one engine was away: use {uses}")
            killed_s = time.monotonic()
            os.kill(child(server, "engine-0"), signal.SIGKILL)
            async with asyncio.timeout(60):
                at, told_s, reason = await told.get()
            log.info("told after %.2f s", told_s - killed_s)
            assert "engine" in reason
            other = clients[1 - at]
            await other.video.at_least(len(other.video.frames) + 25)
            assert told.empty()
            # There is one to take new ones at once.
            async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
                created = await http.post("/v1/sessions", json={})
                assert created.status_code == 201, created.text
            third = Client(silence)
            async with live(server, third):
                await third.video.at_least(5)
