"""One peer of a load in a process of its own: told by lines on stdin, answers by lines on stdout.

Run as `python -m server.bench.load_peer --url URL`; one event loop.
Never encodes or decodes while it is measured, and ends when its stdin does.

Lines in: `mark`, `report`, `watch`, `told`; each is answered by one line of JSON. The first line
out says whether it is live: `{"state": "live"|"refused"|"failed", ...}`.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import sys
import time
from dataclasses import asdict
from typing import Any

import numpy as np

from server.bench.caller import Caller, mark, report
from server.bench.needs import BenchError
from server.bench.peer import prepare
from server.bench.service import Refused, Service
from server.bench.sounds import train

TRAIN_S = 20.0
WATCH_S = 4.0
"""Three of the train's sounds, or nothing of a silent one."""


async def connected(caller: Caller, wishes: dict[str, Any]) -> dict[str, Any]:
    """Connect; what to say first."""
    begun_s = time.monotonic()
    try:
        await caller.connect(wishes)
    except Refused as error:
        return {"state": "refused", "status": error.status, "why": str(error)[:300]}
    except BenchError as error:
        return {"state": "failed", "why": str(error)[:300]}
    took_ms = 1000 * (time.monotonic() - begun_s)
    return {"state": "live", "session": caller.session, "first_ms": took_ms}


async def answered(caller: Caller, words: asyncio.StreamReader) -> None:
    """Do what each line says until there are no more."""
    since = await mark(caller)
    while line := await words.readline():
        word = line.decode().strip()
        try:
            if word == "mark":
                since = await mark(caller)
                say({"marked": True})
            elif word == "report":
                say(asdict(await report(caller, since)))
            elif word == "watch":
                say({"jaw": await caller.watch(WATCH_S)})
            elif word == "told":
                say({"now_s": time.monotonic(), **caller.told, "pictures": len(caller.arrived)})
            else:
                say({"error": f"unknown word {word[:40]!r}"})
        except BenchError as error:
            say({"error": str(error)[:300]})


def say(answer: dict[str, Any]) -> None:
    """One line."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def serve(args: argparse.Namespace) -> None:
    """The peer's whole life."""
    prepare(args.url)
    sound = np.zeros(48_000, np.float32) if args.silent else train(TRAIN_S, seed=args.seed)[0]
    caller = Caller(Service(args.url, None, {}), sound, not args.silent)
    words = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(words), sys.stdin)
    try:
        first = await connected(caller, json.loads(args.wishes))
        say(first)
        if first["state"] == "live":
            await answered(caller, words)
    finally:
        await caller.hang_up()


def main() -> None:
    """Until stdin ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--wishes", default="{}", help="JSON for POST /v1/sessions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--silent", action="store_true")
    # As the server: on the loop that costs less, where there is one.
    loop = None if sys.platform == "win32" else importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
