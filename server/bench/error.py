"""`synchrorama bench error`: how wrong is the bench itself?

Runs in the bench's process; one server of known delay after another (`server.bench.mirror`).
Never corrects the other benches by what it finds.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple

from server.bench.analyse import follow
from server.bench.latency import Plan, Run, client, record
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
    """Of each sound of a run, in ms."""

    mouth: list[float]
    """Without what the browser's buffer held at that moment; so is voice."""
    voice: list[float]
    release: list[float]
    """From the server's media clock to the release: the part no browser buffer touches."""
    seen: list[float]
    """The mouth with the browser's buffer in it."""
    heard: list[float]
    """The voice with it."""


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
            "what its statistics say they held in that second is taken out; *as seen* and "
            "*as heard* leave it in.",
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
    looks = run.raw.get("buffers", [])
    seen = [(each.at_ms + each.mouth, each.mouth - each.beyond) for each in sounds]
    heard = [(each.at_ms + each.echo, each.echo) for each in sounds if each.echo is not None]
    result = Found(
        [value - held_ms(looks, "video", at_ms) for at_ms, value in seen],
        [value - held_ms(looks, "audio", at_ms) for at_ms, value in heard],
        [each.server - each.beyond for each in sounds if each.server is not None],
        [value for _, value in seen],
        [value for _, value in heard],
    )
    if not all(result):
        raise BenchError("no sound could be followed: is the probe on in this server?")
    return result


def held_ms(looks: Sequence[Mapping[str, Any]], kind: str, at_ms: float) -> float:
    """What the browser's buffer held around a moment: a mean over the second that it lies in.

    `looks` are its counters (W3C webrtc-stats), a second apart; 0 where there is none around it.
    """
    after = bisect_left(looks, at_ms, key=lambda look: float(look["at_ms"]))
    if not 0 < after < len(looks):
        return 0.0
    (old_s, old), (new_s, new) = looks[after - 1][kind], looks[after][kind]
    return 1000 * (new_s - old_s) / (new - old) if new > old else 0.0


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
        for part, told in (("seen", "mouth as seen"), ("heard", "voice as heard")):
            zero = median(pooled(runs, 0, part))
            errors = [value - zero - inserted for value in pooled(runs, inserted, part)]
            table.append(row(f"{inserted} ms inserted, error of the {told}", "ms", errors))
    return table


def pooled(runs: Sequence[tuple[int, Found]], inserted: int, part: str) -> list[float]:
    """All runs' samples with this delay."""
    return [value for delay, each in runs if delay == inserted for value in getattr(each, part)]
