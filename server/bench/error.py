"""`synchrorama bench error`: how wrong is the bench itself?

Runs in the bench's process; one server of known delay after another (`server.bench.mirror`).
Never corrects the other benches by what it finds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from server.bench.analyse import follow
from server.bench.latency import Plan, Run, client, mean_buffer_ms, record
from server.bench.machine import machine, versions
from server.bench.needs import BenchError
from server.bench.report import Bar, Result, Row, row
from server.bench.service import service

INSERTED_MS = (0, 50, 200)
ORDER = (0, 50, 200, 200, 50, 0)
"""There and back: what drifts while the bench runs (load, clocks) adds nothing to a difference."""
ERROR_BAR = Bar("p50", low=-10, high=10)
BUFFER_MS = 120
"""The browser's adaptive buffers are held at this depth. Left alone they choose anew in each
run (audio 40 to 70 ms, and lip sync moves the picture with it): the 12 to 21 ms that this bench
once read too much were theirs. What they held is taken out as the browser itself tells it."""
SETTLE_S = 8.0
"""Until the held buffers are that deep: NetEq stretches speech only slowly."""
PARTS = ("mouth", "voice", "release")


class Found(NamedTuple):
    """Of each sound of a run, in ms, without what the browser's buffers held."""

    mouth: list[float]
    voice: list[float]
    release: list[float]
    """From the server's media clock to the release: the part no browser buffer touches."""
    buffers: tuple[float, float]
    """Mean of the run that was taken out of mouth and voice."""


async def inserted_delays(plan: Plan, tell: Callable[[str], None]) -> Result:
    """Insert 0, 50 and 200 ms, twice each, and read them back.

    The server is not the product: its playout delay adapts, which is no known delay.
    """
    if plan.url is not None or plan.settings:
        raise BenchError("bench error starts servers of its own: leave --server and --set out")
    where = machine()
    runs: list[tuple[int, Found]] = []
    browser = ""
    step = replace(plan, connects=1, buffer_ms=BUFFER_MS, settle_s=SETTLE_S)
    for number, inserted in enumerate(ORDER, 1):
        tell(f"{number} of {len(ORDER)}: {inserted} ms inserted, {plan.seconds:g} s")
        command = (sys.executable, "-m", "server.bench.mirror", "--delay-ms", str(inserted))
        async with (
            service(None, {}, command=command) as under_test,
            client(step, under_test) as connection,
        ):
            runs.append((inserted, found(await record(step, under_test, connection))))
            browser = connection.version
    return Result(
        kind="error",
        command=plan.command,
        rows=rows(runs),
        notes=[
            "The server is server/bench/mirror.py: it returns the microphone after the inserted "
            "delay, and a picture with each second packet. Each sound of the runs with a delay is "
            "compared with the median of those without.",
            f"The browser's jitter buffers are held at {BUFFER_MS} ms (jitterBufferTarget), and "
            "what its statistics say they held is taken out; `as heard and seen` leaves it in.",
        ],
        machine=where,
        versions=versions(browser),
        raw={"runs": [{"inserted_ms": inserted, **each._asdict()} for inserted, each in runs]},
    )


def found(run: Run) -> Found:
    """Of one run, at equal media time: how the sounds fall on the 40 ms grid is chance.

    Raises BenchError when no sound could be followed.
    """
    sounds, _ = follow(run.recording, settle_until_ms=run.settle_until_ms)
    picture, voice = (
        mean_buffer_ms(*run.browser_stats, kind) or 0.0 for kind in ("video_in", "audio_in")
    )
    result = Found(
        [each.mouth - each.beyond - picture for each in sounds],
        [each.echo - voice for each in sounds if each.echo is not None],
        [each.server - each.beyond for each in sounds if each.server is not None],
        (picture, voice),
    )
    if not all(result[:3]):
        raise BenchError("no sound could be followed: is the probe on in this server?")
    return result


def rows(runs: Sequence[tuple[int, Found]]) -> list[Row]:
    """Read back minus inserted, of each part; a sample for each sound."""
    base = {part: pooled(runs, 0, part) for part in PARTS}
    table = [row(f"{part}, nothing inserted", "ms", base[part]) for part in PARTS]
    for inserted in INSERTED_MS[1:]:
        for part in PARTS:
            zero = median(base[part])
            errors = [value - zero - inserted for value in pooled(runs, inserted, part)]
            table.append(
                row(f"{inserted} ms inserted, error of the {part}", "ms", errors, ERROR_BAR)
            )
    for inserted in INSERTED_MS[1:]:
        for index, part in enumerate(("mouth", "voice")):
            zero = median(pooled(runs, 0, part, index))
            errors = [value - zero - inserted for value in pooled(runs, inserted, part, index)]
            table.append(
                row(f"{inserted} ms inserted, error of the {part} as {SAID[part]}", "ms", errors)
            )
    return table


SAID = {"mouth": "seen", "voice": "heard"}


def pooled(
    runs: Sequence[tuple[int, Found]], inserted: int, part: str, buffer: int | None = None
) -> list[float]:
    """All runs' samples with this delay; `buffer`: index of the browser's buffer to leave in."""
    return [
        value + (0.0 if buffer is None else each.buffers[buffer])
        for delay, each in runs
        if delay == inserted
        for value in getattr(each, part)
    ]
