"""The worker program: `serve` takes jobs over HTTP, `join` does one.

One process, one event loop; a task for each face.
Never takes more faces than `--max`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from typing import Any

from aiohttp import web

from .room_worker import RoomWorker, WorkerJob

logger = logging.getLogger(__name__)
MAX_BODY_BYTES = 65_536


class Workers:
    """Faces in rooms."""

    def __init__(self, url: str, limit: int) -> None:
        self._url = url
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()

    async def join(self, request: web.Request) -> web.Response:
        """POST /join with a WorkerJob as JSON: 202, 400 or 503."""
        if len(self._tasks) >= self._limit:
            full = f"{self._limit} faces are in rooms: none is free"
            return web.json_response({"error": full}, status=503, headers={"Retry-After": "5"})
        try:
            job = job_of(await request.json())
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        worker = RoomWorker(job, url=self._url)
        task = asyncio.create_task(worker.run(), name="synchrorama-worker")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return web.json_response({"joining": True}, status=202)

    async def aclose(self, _: web.Application) -> None:
        """All leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a face left its room: %s", error)


def job_of(body: Any) -> WorkerJob:
    """A job as JSON. Raises ValueError that says what is wrong."""
    if not isinstance(body, dict):
        raise ValueError(f"the job must be a JSON object, got {type(body).__name__}")
    unknown = sorted(set(body) - set(WorkerJob.__dataclass_fields__))
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}")
    for name in ("livekit_url", "token", "agent_identity"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise ValueError(f"{name} must be a text")
    if not body["livekit_url"].startswith(("ws://", "wss://", "http://", "https://")):
        raise ValueError("livekit_url must begin with ws:// or wss://")
    return WorkerJob(**body)


def application(url: str, limit: int) -> web.Application:
    """The program's HTTP."""
    workers = Workers(url, limit)
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_post("/join", workers.join)
    app.on_shutdown.append(workers.aclose)
    return app


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser("python -m livekit.plugins.synchrorama", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="SynchroRaMa server")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="take jobs at POST /join")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8089)
    serve.add_argument("--max", type=int, default=2, help="faces at once")
    join = commands.add_parser("join", help="one face in one room")
    join.add_argument("--livekit-url", required=True)
    join.add_argument("--token", required=True)
    join.add_argument("--agent", required=True, help="identity whose speech is taken")
    join.add_argument("--avatar")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    if asked.command == "serve":
        web.run_app(application(asked.url, asked.max), host=asked.host, port=asked.port)
        return
    job = WorkerJob(asked.livekit_url, asked.token, asked.agent, asked.avatar)
    asyncio.run(RoomWorker(job, url=asked.url).run())


if __name__ == "__main__":
    main()
