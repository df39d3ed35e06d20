"""`synchrorama bench error`: how wrong is the bench itself?

Runs in the bench's process; one server after another, each with a known delay more.
Never corrects the other benches by what it finds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from server.bench.analyse import follow
from server.bench.latency import Plan, Run, client, record
from server.bench.machine import machine, versions
from server.bench.needs import BenchError
from server.bench.report import Bar, Result, Row, row
from server.bench.service import service
from server.bench.stats import summarise
from server.settings import MediaSettings

INSERTED_MS = (0, 50, 200)
ERROR_BAR = Bar("p50", low=-10, high=10)
DELAY_KEY = "media.playout_delay_ms"


async def inserted_delays(plan: Plan, tell: Callable[[str], None]) -> Result:
    """Insert 0, 50 and 200 ms of playout delay and read each back.

    Raises BenchError when pointed at a running server: its delay is not ours to set.
    """
    if plan.url is not None:
        raise BenchError("bench error starts its own servers: leave --server out")
    where = machine()
    base_ms = int(plan.settings.get(DELAY_KEY, MediaSettings().playout_delay_ms))
    found: dict[int, tuple[float, float]] = {}
    browser = ""
    for inserted in INSERTED_MS:
        tell(f"{inserted} ms inserted, {plan.seconds:g} s")
        settings = {**plan.settings, DELAY_KEY: str(base_ms + inserted)}
        step = replace(plan, settings=settings, connects=1)
        async with service(None, settings) as under_test, client(step, under_test) as connection:
            found[inserted] = medians(await record(step, under_test, connection))
            browser = connection.version
    return Result(
        kind="error",
        command=plan.command,
        rows=rows(found),
        notes=[f"Inserted by {DELAY_KEY} on top of {base_ms} ms; medians of each run compared."],
        machine=where,
        versions=versions(browser),
        settings=dict(plan.settings),
        raw={"medians_ms": {str(key): list(value) for key, value in found.items()}},
    )


def medians(run: Run) -> tuple[float, float]:
    """Median ms to the mouth and to the returned voice. Raises BenchError without any."""
    sounds, _ = follow(run.recording, settle_until_ms=run.settle_until_ms)
    mouth = summarise([each.mouth for each in sounds])
    echo = summarise([each.echo for each in sounds if each.echo is not None])
    if mouth is None or echo is None:
        raise BenchError("no sound could be followed: is the probe on in this server?")
    return mouth.p50, echo.p50


def rows(found: dict[int, tuple[float, float]]) -> list[Row]:
    """Read back minus inserted, for the mouth and the voice."""
    base_mouth, base_echo = found[0]
    table = [
        row("mouth, nothing inserted", "ms", [base_mouth]),
        row("voice, nothing inserted", "ms", [base_echo]),
    ]
    for inserted, (mouth, echo) in found.items():
        if inserted:
            name = f"{inserted} ms inserted, read back by the"
            table.append(
                row(f"{name} mouth: error", "ms", [mouth - base_mouth - inserted], ERROR_BAR)
            )
            table.append(
                row(f"{name} voice: error", "ms", [echo - base_echo - inserted], ERROR_BAR)
            )
    return table
