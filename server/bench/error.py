"""`synchrorama bench error`: how wrong is the bench itself?

Runs in the bench's process; a server of known delay (`server.bench.mirror`), changed within a call.
Never corrects the other benches by what it finds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from server.bench.analyse import Sound, follow
from server.bench.latency import Plan, Run, client, record
from server.bench.machine import machine, versions
from server.bench.needs import BenchError
from server.bench.report import Bar, Result, Row, row
from server.bench.series import series
from server.bench.service import Service, service

INSERTED_MS = (0, 50, 200)
ORDER = (0, 50, 200, 200, 50, 0) * 2
"""There and back: what drifts while the bench runs (load, clocks) adds nothing to a difference."""
ERROR_BAR = Bar("p50", low=-10, high=10)
BUFFER_MS = 120
"""The browser's adaptive buffers are held at this depth. Left alone they choose anew in each
run (audio 40 to 70 ms, and lip sync moves the picture with it)."""
SETTLE_S = 8.0
"""Until the held buffers are that deep: NetEq stretches speech only slowly."""
AFTER_MS, BEFORE_MS = 1000.0, 600.0
"""Sounds so soon after a change of the delay, or before one, may have met both."""
PARTS = ("mouth", "voice", "release")


class Visit(NamedTuple):
    """A stretch of the call in which the delay stood still; wall ms."""

    inserted_ms: int
    from_ms: float
    until_ms: float


class Found(NamedTuple):
    """Of each sound with one delay, in ms, at equal media time."""

    mouth: list[float]
    voice: list[float]
    release: list[float]
    """From the server's media clock to the release: the part no browser has a hand in."""


async def inserted_delays(plan: Plan, tell: Callable[[str], None]) -> Result:
    """Insert 0, 50 and 200 ms, in turn and within one call, and read them back.

    Each turn is `plan.seconds` long. The server is not the product: its playout delay adapts,
    which is no known delay.
    """
    if plan.url is not None or plan.settings:
        raise BenchError("bench error starts a server of its own: leave --server and --set out")
    where = machine()
    visit_s = plan.seconds
    whole_s = visit_s * len(ORDER)
    step = replace(plan, connects=1, buffer_ms=BUFFER_MS, settle_s=SETTLE_S, seconds=whole_s)
    settled = asyncio.Event()
    command = (sys.executable, "-m", "server.bench.mirror")
    async with (
        service(None, {}, command=command) as under_test,
        client(step, under_test) as connection,
        asyncio.TaskGroup() as tasks,
    ):
        changing = tasks.create_task(change(under_test, settled, visit_s, tell))
        run = await record(step, under_test, connection, settled.set)
        visits = await changing
        browser = connection.version
    found = {inserted: gather(run, visits, inserted) for inserted in INSERTED_MS}
    sounds, _ = follow(run.recording, settle_until_ms=run.settle_until_ms)
    return Result(
        kind="error",
        command=plan.command,
        rows=rows(found),
        notes=[
            "The server is server/bench/mirror.py: it returns the microphone and a picture each "
            f"40 ms, the inserted delay late. One call; {visit_s:g} s of each delay in turn: "
            f"{', '.join(map(str, ORDER))} ms. Each sound with a delay is compared with the "
            "median of those without.",
            f"The browser's jitter buffers are held at {BUFFER_MS} ms (jitterBufferTarget), and "
            "packets come evenly whatever is inserted: what a buffer holds is the same for all.",
        ],
        machine=where,
        versions=versions(browser),
        raw={
            "found": {str(inserted): each._asdict() for inserted, each in found.items()},
            "visits": [each._asdict() for each in visits],
            "series": series(sounds, run.raw, run.settle_until_ms),
        },
    )


async def change(
    mirror: Service, settled: asyncio.Event, visit_s: float, tell: Callable[[str], None]
) -> list[Visit]:
    """Once the call has settled, insert each delay of the order in turn."""
    await settled.wait()
    visits = []
    start_s = time.monotonic()
    for number, inserted in enumerate(ORDER, 1):
        tell(f"{number} of {len(ORDER)}: {inserted} ms inserted, {visit_s:g} s")
        await mirror.json("PUT", "/delay", {"ms": inserted})
        from_ms = time.time() * 1000
        await asyncio.sleep(max(0.0, start_s + number * visit_s - time.monotonic()))
        visits.append(Visit(inserted, from_ms, time.time() * 1000))
    return visits


def gather(run: Run, visits: Sequence[Visit], inserted: int) -> Found:
    """Of the sounds with this delay; how they fall on the 40 ms grid is chance and taken out.

    Raises BenchError when none could be followed.
    """
    sounds, _ = follow(run.recording, settle_until_ms=run.settle_until_ms)
    met = [each for each in sounds if delay_at(visits, each) == inserted]
    result = Found(
        [each.mouth - each.beyond for each in met],
        [each.echo for each in met if each.echo is not None],
        [each.server - each.beyond for each in met if each.server is not None],
    )
    if not all(result):
        raise BenchError(
            f"no sound with {inserted} ms could be followed: too few seconds, or no probe?"
        )
    return result


def delay_at(visits: Sequence[Visit], sound: Sound) -> int | None:
    """The delay that a sound met; None near a change."""
    for visit in visits:
        if visit.from_ms + AFTER_MS <= sound.at_ms <= visit.until_ms - BEFORE_MS:
            return visit.inserted_ms
    return None


def rows(found: dict[int, Found]) -> list[Row]:
    """Read back minus inserted, of each part; a sample for each sound."""
    base = found[0]._asdict()
    table = [row(f"{part}, nothing inserted", "ms", base[part]) for part in PARTS]
    for inserted in INSERTED_MS[1:]:
        for part, values in found[inserted]._asdict().items():
            errors = [value - median(base[part]) - inserted for value in values]
            table.append(
                row(f"{inserted} ms inserted, error of the {part}", "ms", errors, ERROR_BAR)
            )
    return table
