"""`synchrorama bench soak`: one long session; does latency creep, does memory grow?

Runs in the bench's process; the same probe as `bench latency`, all the time.
Never writes the pictures' rows: a figure for each sound and a look at the server each 10 s.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from server.bench.analyse import Flow, Sound, flow, follow
from server.bench.latency import SETTLE_S, Client, Plan, client
from server.bench.machine import Meter, machine, versions
from server.bench.needs import BenchError
from server.bench.report import Bar, Result, Row, row
from server.bench.service import Service, service
from server.bench.stats import drift

LOOK_S = 10.0
COLLECT_S = 2.0
WINDOW_S = 120.0
"""The ends that are compared, and the warm-up after which memory is watched."""
LATENCY_BAR = Bar("p50", low=-20, high=20)
MEMORY_BAR = Bar("p50", high=20)
NONE_BAR = Bar("p50", high=0)


@dataclass(frozen=True, slots=True)
class Look:
    """The server at one moment."""

    at_s: float
    """Since the session settled."""
    rss_mib: float | None
    tasks: float | None
    threads: float | None


@dataclass(slots=True)
class Watch:
    """What a soak run saw."""

    sounds: list[Sound] = field(default_factory=list)
    lost: int = 0
    looks: list[Look] = field(default_factory=list)
    even: Flow | None = None
    browser_stats: dict[str, Any] = field(default_factory=dict)
    server_stats: dict[str, Any] = field(default_factory=dict)


async def soak(plan: Plan, tell: Callable[[str], None]) -> Result:
    """Run for `plan.seconds` and compare the ends; `tell` gets a line each 10 s."""
    where = machine()
    async with service(plan.url, plan.settings) as under_test:
        async with client(plan, under_test) as connection:
            seen = await watch(plan, under_test, connection, tell)
            known = versions(connection.version)
    return judge(plan, seen, where, known, under_test)


async def look(under_test: Service, meter: Meter, at_s: float) -> Look:
    """Memory, tasks and threads of the server now."""
    metrics = await under_test.metrics()
    rss = meter.server_rss_mib()
    if rss is None and "process_resident_memory_bytes" in metrics:
        rss = metrics["process_resident_memory_bytes"] / 2**20
    return Look(at_s, rss, metrics.get("avatar_tasks"), metrics.get("avatar_threads"))


async def watch(
    plan: Plan, under_test: Service, connection: Client, tell: Callable[[str], None]
) -> Watch:
    """Connect, stay, and look at the server each 10 s."""
    connected = await connection.connect(dict(plan.wishes))
    await asyncio.sleep(SETTLE_S)
    meter = Meter(under_test.pid)
    seen = Watch()
    start_s = time.monotonic()
    settle_until_ms = time.time() * 1000
    next_look_s = 0.0
    while (passed_s := time.monotonic() - start_s) < plan.seconds:
        if passed_s >= next_look_s:
            next_look_s += LOOK_S
            seen.looks.append(await look(under_test, meter, passed_s))
            tell(_line(seen.looks[-1], plan.seconds))
        await asyncio.sleep(min(COLLECT_S, plan.seconds - passed_s))
        await connection.collect()
        if await connection.state() != "live":
            raise BenchError(
                f"the connection was lost after {passed_s:.0f} s: {'; '.join(connection.problems)}"
            )
    seen.looks.append(await look(under_test, meter, time.monotonic() - start_s))
    seen.browser_stats = await connection.stats()
    seen.server_stats = await under_test.json("GET", f"/v1/sessions/{connected['session']}/stats")
    recording, _ = connection.taken()
    seen.sounds, seen.lost = follow(recording, settle_until_ms=settle_until_ms)
    seen.even = flow(recording.shown, settle_until_ms=settle_until_ms)
    await connection.hang_up()
    return seen


def _line(now: Look, seconds: float) -> str:
    rss = "?" if now.rss_mib is None else f"{now.rss_mib:.0f} MiB"
    return (
        f"{now.at_s:.0f} of {seconds:.0f} s: server {rss}, tasks {now.tasks}, threads {now.threads}"
    )


def judge(
    plan: Plan, seen: Watch, where: dict[str, Any], known: dict[str, str], under_test: Service
) -> Result:
    """From what was seen to rows with bars."""
    return Result(
        kind="soak",
        command=plan.command,
        rows=[
            *_drift_rows("audio to matching mouth", seen.sounds, lambda each: each.mouth, True),
            *_drift_rows("A/V offset", seen.sounds, lambda each: each.av, False),
            *_flow_rows(seen.even),
            *growth_rows(seen.looks),
        ],
        notes=[
            f"Start and end are medians over {WINDOW_S:g} s; memory is watched after that long.",
            f"{len(seen.sounds)} sounds followed, {seen.lost} could not be.",
        ],
        machine=where,
        versions=known,
        settings=dict(under_test.settings),
        raw={
            "sounds": [asdict(each) for each in seen.sounds],
            "looks": [asdict(each) for each in seen.looks],
            "browser_stats": seen.browser_stats,
            "server_stats": seen.server_stats,
        },
    )


def _drift_rows(
    name: str, found: list[Sound], value: Callable[[Sound], float | None], barred: bool
) -> list[Row]:
    pairs = [(each.at_ms / 1000, value(each)) for each in found]
    known = [(at_s, number) for at_s, number in pairs if number is not None]
    ends = drift([at_s for at_s, _ in known], [number for _, number in known], WINDOW_S)
    bars = (LATENCY_BAR,) if barred else ()
    return [
        row(name, "ms", [number for _, number in known]),
        row(f"{name}, start", "ms", [None if ends is None else ends.start]),
        row(f"{name}, end", "ms", [None if ends is None else ends.end]),
        row(f"{name}, end minus start", "ms", [None if ends is None else ends.change], *bars),
        row(f"{name}, slope", "ms an hour", [None if ends is None else ends.per_hour]),
    ]


def _flow_rows(even: Flow | None) -> list[Row]:
    if even is None:
        return [row("pictures", "a second", [])]
    return [
        row("pictures", "a second", [even.fps]),
        row("interval of pictures", "ms", even.intervals),
        row("held pictures", "", [even.repeated]),
        row("media frames never shown", "", [even.skipped]),
    ]


def growth_rows(looks: list[Look]) -> list[Row]:
    """Memory, tasks and threads after the warm-up against the end."""
    warm = [each for each in looks if each.at_s >= min(WINDOW_S, looks[-1].at_s / 2)]
    # Medians of both ends: one look in the middle of a garbage collection decides nothing.
    head, tail = warm[:3], warm[-3:]

    def change(value: Callable[[Look], float | None]) -> float | None:
        ends = [
            [number for each in part if (number := value(each)) is not None]
            for part in (head, tail)
        ]
        if not all(ends):
            return None
        first, last = (sorted(part)[len(part) // 2] for part in ends)
        return last - first

    return [
        row("server memory", "MiB", [each.rss_mib for each in looks]),
        row("server memory, growth", "MiB", [change(lambda each: each.rss_mib)], MEMORY_BAR),
        row("tasks, growth", "", [change(lambda each: each.tasks)], NONE_BAR),
        row("threads, growth", "", [change(lambda each: each.threads)], NONE_BAR),
    ]
