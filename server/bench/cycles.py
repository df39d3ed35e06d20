"""`synchrorama bench cycles`: connect and hang up many times; what is left behind?

Runs in the bench's process with a plain aiortc peer, one connection at a time.
Never counts what the first connections load once: those come before the first look.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from server.bench.latency import Plan, client
from server.bench.machine import Meter, machine, versions
from server.bench.report import Bar, Result, row
from server.bench.service import Service, service
from server.bench.soak import Look, look

WARM_CYCLES = 5
CALM_S = 10.0
"""Longest wait for the server to come to rest after the last hang-up."""
CALM_POLL_S = 0.25
TELL_EVERY = 20
NONE_BAR = Bar("p50", high=0)
FIRST_BAR = Bar("p50", high=1000)


@dataclass(frozen=True, slots=True)
class Rest:
    """A server without sessions."""

    seen: Look
    sessions: float


async def cycles(plan: Plan, tell: Callable[[str], None]) -> Result:
    """Connect and hang up `plan.connects` times; compare the server before and after."""
    where = machine()
    plan = replace(plan, browser=False)
    async with service(plan.url, plan.settings) as under_test:
        meter = Meter(under_test.pid)
        async with client(plan, under_test) as connection:
            first_ms: list[float] = []
            for _ in range(WARM_CYCLES):
                await connection.connect(dict(plan.wishes))
                await connection.hang_up()
            before = half = await at_rest(under_test, meter)
            for done in range(1, plan.connects + 1):
                if done == plan.connects // 2 + 1:
                    half = await at_rest(under_test, meter)
                times = await connection.connect(dict(plan.wishes))
                await connection.hang_up()
                connection.taken()
                first_ms.append(times["first_ms"] - times["click_ms"])
                if done % TELL_EVERY == 0:
                    tell(f"{done} of {plan.connects} cycles: {_rss(meter)}")
            after = await at_rest(under_test, meter)
    return judge(plan, first_ms, (before, half, after), where, under_test)


def _rss(meter: Meter) -> str:
    rss = meter.server_rss_mib()
    return "server elsewhere" if rss is None else f"server {rss:.0f} MiB"


async def at_rest(under_test: Service, meter: Meter) -> Rest:
    """The server once no session is left, or after 10 s with what is left."""
    deadline = time.monotonic() + CALM_S
    while True:
        sessions = (await under_test.metrics()).get("avatar_sessions_active", 0.0)
        if sessions == 0 or time.monotonic() > deadline:
            break
        await asyncio.sleep(CALM_POLL_S)
    # Sockets and decoder threads end on their own shortly after their session.
    await asyncio.sleep(1.0)
    return Rest(await look(under_test, meter, 0.0), sessions)


def judge(
    plan: Plan,
    first_ms: list[float],
    rests: tuple[Rest, Rest, Rest],
    where: dict[str, Any],
    under_test: Service,
) -> Result:
    """From the looks before, at half time and after, to rows with bars."""
    before, half, after = rests

    def growth(value: Callable[[Look], float | None], since: Rest = before) -> list[float | None]:
        first, last = value(since.seen), value(after.seen)
        return [None if first is None or last is None else last - first]

    return Result(
        kind="cycles",
        command=plan.command,
        rows=[
            row("connect to first picture", "ms", first_ms, FIRST_BAR),
            row("sessions left", "", [after.sessions], NONE_BAR),
            row("tasks left", "", growth(lambda each: each.tasks), NONE_BAR),
            row("threads left", "", growth(lambda each: each.threads), NONE_BAR),
            row("server memory, growth", "MiB", growth(lambda each: each.rss_mib)),
            # A leak goes on; caches and the allocator's pools fill once. No bar: with garbage
            # that waits for its collector, resident memory goes up and down by some 15 MiB.
            row(
                "server memory, growth in the second half",
                "MiB",
                growth(lambda each: each.rss_mib, half),
            ),
        ],
        notes=[
            f"{plan.connects} cycles with an aiortc peer after {WARM_CYCLES} that are not counted."
        ],
        machine=where,
        versions=versions(),
        settings=dict(under_test.settings),
        raw={"first_ms": first_ms, "rests": [asdict(rest) for rest in rests]},
    )
