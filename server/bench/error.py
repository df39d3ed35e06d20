"""`synchrorama bench error`: how wrong is the bench itself?

Runs in the bench's process; one server of known delay after another (`server.bench.mirror`).
Never corrects the other benches by what it finds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from server.bench.analyse import follow
from server.bench.latency import Plan, Run, client, record
from server.bench.machine import machine, versions
from server.bench.needs import BenchError
from server.bench.report import Bar, Result, Row, row
from server.bench.service import service
from server.bench.stats import summarise

INSERTED_MS = (0, 50, 200)
ERROR_BAR = Bar("p50", low=-10, high=10)


class Medians(NamedTuple):
    """Of one run, in ms."""

    mouth: float
    voice: float
    server: float
    """From the server's media clock to the release: the part no browser buffer touches."""


async def inserted_delays(plan: Plan, tell: Callable[[str], None]) -> Result:
    """Insert 0, 50 and 200 ms and read each back.

    The server is not the product: its playout delay adapts, which is no known delay.
    """
    if plan.url is not None or plan.settings:
        raise BenchError("bench error starts servers of its own: leave --server and --set out")
    where = machine()
    found: dict[int, Medians] = {}
    browser = ""
    step = replace(plan, connects=1)
    for inserted in INSERTED_MS:
        tell(f"{inserted} ms inserted, {plan.seconds:g} s")
        command = (sys.executable, "-m", "server.bench.mirror", "--delay-ms", str(inserted))
        async with (
            service(None, {}, command=command) as under_test,
            client(step, under_test) as connection,
        ):
            found[inserted] = medians(await record(step, under_test, connection))
            browser = connection.version
    return Result(
        kind="error",
        command=plan.command,
        rows=rows(found),
        notes=[
            "The server is server/bench/mirror.py: it returns the microphone after the inserted "
            "delay, and a picture with each second packet. Medians of the runs are compared.",
            "Mouth and voice hold the browser's jitter buffers too, which truly differ from run to "
            "run on a busy machine; media clock to release does not.",
        ],
        machine=where,
        versions=versions(browser),
        raw={"medians_ms": {str(key): list(value) for key, value in found.items()}},
    )


def medians(run: Run) -> Medians:
    """Medians of a run, at equal media time: how the sounds fall on the 40 ms grid is chance.

    Raises BenchError when no sound could be followed.
    """
    sounds, _ = follow(run.recording, settle_until_ms=run.settle_until_ms)
    mouth = summarise([each.mouth - each.beyond for each in sounds])
    voice = summarise([each.echo for each in sounds if each.echo is not None])
    server = summarise([each.server - each.beyond for each in sounds if each.server is not None])
    if mouth is None or voice is None or server is None:
        raise BenchError("no sound could be followed: is the probe on in this server?")
    return Medians(mouth.p50, voice.p50, server.p50)


def rows(found: Mapping[int, Medians]) -> list[Row]:
    """Read back minus inserted, of each part."""
    base = found[0]
    table = [
        row("mouth, nothing inserted", "ms", [base.mouth]),
        row("voice, nothing inserted", "ms", [base.voice]),
        row("media clock to release, nothing inserted", "ms", [base.server]),
    ]
    for inserted, read in found.items():
        if inserted:
            errors = [value - zero - inserted for value, zero in zip(read, base, strict=True)]
            for name, error in zip(("mouth", "voice", "release"), errors, strict=True):
                title = f"{inserted} ms inserted, error of the {name}"
                table.append(row(title, "ms", [error], ERROR_BAR))
    return table
