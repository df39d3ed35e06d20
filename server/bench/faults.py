"""`synchrorama bench faults`: what is lost when something breaks, and how soon it is well again.

Runs in the bench's process; each fault has a server and peers of its own.
Never breaks anything but what it started: no disk, clock or process of the machine.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from server.bench.caller import Figures
from server.bench.herd import Herd, Member, herd
from server.bench.latency import Plan
from server.bench.machine import machine, versions
from server.bench.needs import BenchError
from server.bench.report import Bar, Result, Row, row
from server.bench.service import Refused, Service, service

WARM_S = 3.0
CALM_S = 4.0
POLL_S = 0.05
LIMIT_S = 60.0
"""What has not come back by then is reported as this long."""
BURNERS = 2
"""Busy processes for each core."""
PIPE_BYTES = 4096
CALLS = 5

NOTICED_BAR = Bar("p50", high=5.0)
TOLD_BAR = Bar("p50", high=1.0)
BACK_BAR = Bar("p50", high=10.0)
GAP_BAR = Bar("high", high=500.0)
WELL_BAR = Bar("low", low=24.0)
YES_BAR = Bar("p50", low=1)


async def faults(plan: Plan, names: Sequence[str], tell: Callable[[str], None]) -> Result:
    """Each named fault, one after the other; `plan.seconds` are watched after each."""
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        raise BenchError(f"no fault {unknown[0]!r}; there are {', '.join(FAULTS)}")
    if plan.url is not None:
        raise BenchError("bench faults breaks servers of its own: leave --server out")
    where = machine()
    rows: list[Row] = []
    for name in names or FAULTS:
        tell(f"fault: {name}")
        rows += await FAULTS[name](plan)
    return Result(
        kind="faults",
        command=plan.command,
        rows=rows,
        notes=[
            f"Each fault has a server of its own and is watched for {plan.seconds:g} s. Nothing of "
            "the machine is broken: the full disk is a pipe under the server's log that nobody "
            "reads, the clock is what the server's process is told.",
            "A lost picture: one of 25 a second that did not come. The killed engine is the "
            "only one of `serve --workers 2 --server-engines 1`.",
            f"{LIMIT_S:g} s: it had not come back by then.",
        ],
        machine=where,
        versions=versions(),
        settings=dict(plan.settings),
    )


def lost(found: Figures) -> float:
    """Pictures that should have come and did not."""
    return max(0.0, round(25 * found.seconds) - found.pictures)


def fault_rows(name: str, found: Figures, *bars: Bar) -> list[Row]:
    """What one session lost; `bars` on the longest gap in its pictures."""
    longest = max(found.interval_ms, default=1000 * found.seconds)
    return [
        row(f"{name}: longest gap in the pictures", "ms", [longest], *bars),
        row(f"{name}: pictures lost", "", [lost(found)]),
        row(f"{name}: longest gap in the sound", "ms", [found.longest_gap_ms]),
    ]


async def outcome(name: str, member: Member) -> list[Row]:
    """What a session lost in a fault, and at the end whether it lives at all."""
    try:
        found = await member.report()
    except BenchError:
        return [row(f"{name}: the session lives", "", [0], YES_BAR)]
    lives = row(f"{name}: the session lives", "", [1], YES_BAR)
    return [*fault_rows(name, found, GAP_BAR), lives]


async def until(condition: Callable[[], Awaitable[bool]]) -> float:
    """Seconds until it is so, `LIMIT_S` at most; an answer that fails is a no."""
    begun_s = time.monotonic()
    while (passed_s := time.monotonic() - begun_s) < LIMIT_S:
        try:
            if await condition():
                return passed_s
        except BenchError:
            pass  # the server is not there yet
        await asyncio.sleep(POLL_S)
    return LIMIT_S


async def well_again(peers: Herd, seconds: float, name: str) -> Row:
    """Pictures a second once the fault is over."""
    await asyncio.sleep(CALM_S)
    found = await peers.measure(seconds)
    rates = [each.pictures / each.seconds for each in found]
    return row(f"{name}: pictures a second afterwards", "", rates, WELL_BAR)


class Scene:
    """A server with one or two sessions, about to be broken."""

    def __init__(self, under_test: Service, peers: Herd) -> None:
        self.service = under_test
        self.peers = peers

    @staticmethod
    async def of(stack: AsyncExitStack, plan: Plan, count: int, **how: Any) -> Scene:
        """Start it; `how` is for the service. Raises BenchError when a peer gets no session."""
        settings = {**plan.settings, **how.pop("settings", {})}
        under_test = await stack.enter_async_context(service(None, settings, **how))
        peers = await stack.enter_async_context(herd(under_test.url, plan.wishes))
        for _ in range(count):
            member = await peers.add()
            if not member.live:
                raise BenchError(f"a peer got no session: {member.first}")
        await asyncio.sleep(WARM_S)
        return Scene(under_test, peers)

    async def active(self) -> float:
        """Sessions of the server."""
        return (await self.service.metrics()).get("avatar_sessions_active", 0.0)


async def killed_client(plan: Plan) -> list[Row]:
    """A peer's process is killed: when is it noticed, and does its neighbour see anything?"""
    async with AsyncExitStack() as stack:
        scene = await Scene.of(stack, plan, 2)
        stays, goes = scene.peers.members
        await stays.mark()
        goes.kill()

        async def gone() -> bool:
            return await scene.active() < 2

        noticed_s = await until(gone)
        found = await stays.report()
        name = "client killed"
        return [
            row(f"{name}: its session is ended after", "s", [noticed_s], NOTICED_BAR),
            *fault_rows(f"{name}, the other session", found, GAP_BAR),
        ]


async def killed_engine(plan: Plan) -> list[Row]:
    """The engine process is killed: when is the session told, when are new ones taken?"""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="synchrorama-"))
        log = Path(folder) / "server.log"
        settings = {"server.workers": "2", "server.engines": "1", "log.level": "info"}
        scene = await Scene.of(stack, plan, 1, settings=settings, log=log)
        pids = re.findall(r"child=engine pid=(\d+)", log.read_text(encoding="utf-8"))
        if not pids:
            raise BenchError("the server's log names no engine process")
        member = scene.peers.members[0]
        os.kill(int(pids[-1]), signal.SIGKILL)

        async def told() -> bool:
            return "closed" in await member.ask("told")

        async def taken() -> bool:
            made = await scene.service.json("POST", "/v1/sessions", dict(plan.wishes))
            await scene.service.json("DELETE", f"/v1/sessions/{made['id']}")
            return True

        begun_s = time.monotonic()
        told_s = await until(told)
        await until(taken)
        back_s = time.monotonic() - begun_s
        return [
            row("engine killed: its sessions are told after", "s", [told_s], TOLD_BAR),
            row("engine killed: new sessions are taken after", "s", [back_s], BACK_BAR),
            row("engine killed: sessions lost", "", [1]),
        ]


async def stalled_disk(plan: Plan) -> list[Row]:
    """The log's disk takes nothing more, while requests make it write."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="synchrorama-"))
        log = Path(folder) / "stalled"
        os.mkfifo(log)
        end = os.open(log, os.O_RDWR | os.O_NONBLOCK)
        stack.callback(os.close, end)
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        # Quiet until everything runs: the stall is to come in mid-session.
        scene = await Scene.of(stack, plan, 1, settings={"log.level": "debug"}, log=log)
        member = scene.peers.members[0]
        await member.mark()
        _fill(end)
        answers = [await _calls(scene.service, plan) for _ in range(CALLS)]
        await asyncio.sleep(plan.seconds)
        said = _drain(end)
        await asyncio.sleep(CALM_S)
        said += _drain(end)
        if not said.strip(b"."):
            raise BenchError("the server logged nothing: its log's disk was not tried")
        name = "log's disk stalled"
        rows = await outcome(name, member)
        if not rows[-1].held:
            return rows
        return [
            *rows,
            row(f"{name}: requests answered in it", "", [sum(answers) / len(answers)], YES_BAR),
            await well_again(scene.peers, plan.seconds, name),
        ]


async def _calls(under_test: Service, plan: Plan) -> bool:
    """Open and end a session, of which the log has lines; whether both were answered."""
    try:
        made = await under_test.json("POST", "/v1/sessions", dict(plan.wishes))
        await under_test.json("DELETE", f"/v1/sessions/{made['id']}")
    except Refused:
        return True  # an answer too: it may be full
    except BenchError:
        return False
    return True


def _fill(end: int) -> None:
    try:
        while True:
            os.write(end, b"." * 512)
    except BlockingIOError:
        return


def _drain(end: int) -> bytes:
    found = b""
    try:
        while part := os.read(end, 65536):
            found += part
    except BlockingIOError:
        pass  # empty
    return found


async def clock_jump(plan: Plan) -> list[Row]:
    """The server's wall clock goes an hour on, and back."""
    async with AsyncExitStack() as stack:
        command = (sys.executable, "-m", "server.bench.jumping_clock", "serve")
        scene = await Scene.of(stack, plan, 1, command=command)
        assert scene.service.pid is not None
        member = scene.peers.members[0]
        rows: list[Row] = []
        for name, sign in (("on", signal.SIGUSR1), ("back", signal.SIGUSR2)):
            await member.mark()
            os.kill(scene.service.pid, sign)
            await asyncio.sleep(plan.seconds)
            rows += await outcome(f"clock an hour {name}", member)
        return rows


async def full_cpu(plan: Plan) -> list[Row]:
    """Twice as many busy processes as cores, for a while."""
    async with AsyncExitStack() as stack:
        scene = await Scene.of(stack, plan, 1)
        count = BURNERS * (os.cpu_count() or 1)
        busy = [
            await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
            for _ in range(count)
        ]
        try:
            (found,) = await scene.peers.measure(plan.seconds)
        finally:
            for process in busy:
                process.kill()
            await asyncio.gather(*(process.wait() for process in busy))
        name = f"{count} busy processes"
        return [
            *fault_rows(name, found),
            row(f"{name}: new pictures a second", "", [found.drawn / found.seconds]),
            await well_again(scene.peers, plan.seconds, name),
        ]


FAULTS: dict[str, Callable[[Plan], Awaitable[list[Row]]]] = {
    "client": killed_client,
    "engine": killed_engine,
    "disk": stalled_disk,
    "clock": clock_jump,
    "cpu": full_cpu,
}
