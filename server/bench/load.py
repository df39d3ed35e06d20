"""`synchrorama bench load`: one session more, and one more, up to the breaking point.

Runs in the bench's process; each peer is a process of its own (`server.bench.herd`).
Never judges by one session: every row has a sample for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from server.bench.caller import Figures
from server.bench.herd import Herd, Member, herd
from server.bench.latency import Plan
from server.bench.machine import Meter, Usage, machine, versions
from server.bench.needs import BenchError
from server.bench.report import Bar, Result, Row, row
from server.bench.service import Service, service

FPS_BAR = Bar("low", low=24.5)
INTERVAL_BAR = Bar("p99", high=60)
STILL_BAR = Bar("p50", high=0.25)
GAP_BAR = Bar("high", high=0)
YES_BAR = Bar("p50", low=1)
WANTED = {"motion-frame": 4}
"""Sessions that two cores must hold beside this client; with the diffusion renderer one."""
WARM_S = 3.0
"""Not counted: a session that comes in makes those before it step down and up again."""
TRIES = 3
"""How often one more knocks once the house is full."""


@dataclass(frozen=True, slots=True)
class Step:
    """So many sessions at once."""

    found: list[Figures]
    jaws: list[float]
    """How much each one's mouth moved afterwards: the standard deviation of its jaw."""
    usage: dict[str, Usage]
    use: float
    """Of the engine's time."""
    stolen: float = 0.0
    """Share of the processor time asked for that the machine's host gave to others."""

    @property
    def count(self) -> int:
        """Sessions."""
        return len(self.found)

    @property
    def slowest(self) -> float:
        """Pictures a second, drawn and received, of who got the fewest."""
        return min(min(each.drawn, each.pictures) / each.seconds for each in self.found)

    @property
    def held(self) -> bool:
        """Whether each got its pictures, in time."""
        gaps = [gap for each in self.found for gap in each.interval_ms]
        return self.slowest >= 24.5 and bool(gaps) and float(np.percentile(gaps, 99)) <= 60


@dataclass(slots=True)
class Climb:
    """What a run saw."""

    steps: list[Step]
    first_ms: list[float]
    end: str = ""
    """What ended the climb."""
    refusals: int = 0
    meanwhile: list[Figures] | None = None
    """What those inside got while one more was refused."""


async def load(plan: Plan, first: int, most: int, tell: Callable[[str], None]) -> Result:
    """Climb from `first` to `most` sessions, `plan.seconds` measured at each number."""
    where = machine()
    async with (
        service(plan.url, plan.settings) as under_test,
        herd(under_test.url, plan.wishes) as peers,
    ):
        seen = await climb(peers, under_test, (first, most, plan.seconds), tell)
    return judge(plan, seen, where, under_test)


async def climb(
    peers: Herd, under_test: Service, bounds: tuple[int, int, float], tell: Callable[[str], None]
) -> Climb:
    """One more until one is refused or fails, or pictures are bad twice.

    `bounds`: measured from this number on, up to that, so many seconds each.
    Raises BenchError when there is not one session.
    """
    first, most, seconds = bounds
    seen = Climb([], [])
    meter = Meter(under_test.pid)
    while len(peers.members) < most:
        member = await peers.add(silent=len(peers.members) % 2 == 1)
        if not member.live:
            await _full(peers, member, seen, seconds)
            break
        seen.first_ms.append(float(member.first["first_ms"]))
        if len(peers.members) < first:
            continue
        await asyncio.sleep(WARM_S)
        meter.start()
        found = await peers.measure(seconds)
        use = (await under_test.metrics()).get("avatar_engine_use", 0.0)
        usage = meter.stop()
        # Afterwards: motions told to the peers cost both sides, and no ordinary page asks for them.
        step = Step(found, await peers.watch(), usage, use, meter.stolen)
        seen.steps.append(step)
        tell(f"{step.count} sessions: {step.slowest:.1f} pictures a second at least")
        # One bad step may be the machine's; two are the server's.
        if not any(each.held for each in seen.steps[-2:]) and step.count > 1:
            seen.end = f"with {step.count} sessions pictures were late or too few"
            break
    seen.end = seen.end or f"it was to end at {most}"
    if not seen.steps:
        raise BenchError(f"not one session: {seen.end}")
    return seen


async def _full(peers: Herd, member: Member, seen: Climb, seconds: float) -> None:
    seen.end = str(member.first.get("why", ""))
    if not member.refused or not peers.live:
        return

    async def knock() -> None:
        for _ in range(TRIES):
            seen.refusals += (await peers.add()).refused

    seen.refusals = 1
    _, seen.meanwhile = await asyncio.gather(knock(), peers.measure(seconds))


def judge(plan: Plan, seen: Climb, where: dict[str, Any], under_test: Service) -> Result:
    """From each number's figures to rows with bars."""
    best = max((step for step in seen.steps if step.held), default=seen.steps[0], key=_count)
    held = best.count if best.held else 0
    wanted = WANTED.get(plan.settings.get("render.renderer", ""), 1)
    rungs = sorted({each.rung for each in best.found})
    return Result(
        kind="load",
        command=plan.command,
        rows=[
            row("sessions held", "", [held], Bar("p50", low=wanted)),
            row("connect to first picture", "ms", seen.first_ms),
            *_held_rows(best),
            *_jaw_rows(best),
            *_cost_rows(best),
            *_refusal_rows(seen),
            *_step_rows(seen.steps),
        ],
        notes=[
            f"Up to {seen.steps[-1].count} sessions, {plan.seconds:g} s each; a process for each "
            "peer, on the same machine; every second one's microphone is silent. The rows without "
            f"a number are of {best.count}. A picture held is received again and not drawn again.",
            f"The climb ended: {seen.end}.",
            f"They were on: {', '.join(rungs)}. Engine use {best.use:.2f} of its time.",
            "Lateness: how much later than the promptest picture, by its RTP time stamp.",
            "Jaws are watched after each measurement, for 4 s in which all motions are told.",
        ],
        machine=where,
        versions=versions(),
        settings=dict(under_test.settings),
        raw={
            "steps": [[asdict(each) for each in step.found] for step in seen.steps],
            "jaws": [step.jaws for step in seen.steps],
        },
    )


def _count(step: Step) -> int:
    return step.count


def _held_rows(step: Step) -> list[Row]:
    found = step.found
    return [
        row("pictures drawn a second", "", [f.drawn / f.seconds for f in found], FPS_BAR),
        row("pictures received a second", "", [f.pictures / f.seconds for f in found], FPS_BAR),
        row(
            "between two pictures received",
            "ms",
            [gap for each in found for gap in each.interval_ms],
            INTERVAL_BAR,
        ),
        row("lateness of a picture", "ms", [late for each in found for late in each.late_ms]),
        row("gaps in the sound over 60 ms", "", [each.gaps for each in found], GAP_BAR),
        row("one picture drawn", "ms", [each.render_ms for each in found]),
        row("of that, work of the engine's thread", "ms", [each.work_ms for each in found]),
    ]


def _jaw_rows(step: Step) -> list[Row]:
    moved = list(zip(step.found, step.jaws, strict=True))
    spoke = [jaw for each, jaw in moved if each.speaking]
    silent = [jaw for each, jaw in moved if not each.speaking]
    loudest = float(np.median(spoke)) if spoke else 0.0
    shares = [jaw / loudest for jaw in silent] if loudest else []
    return [row("jaw of the silent, as a share", "", shares, STILL_BAR)] if silent else []


def _cost_rows(step: Step) -> list[Row]:
    served = step.usage.get("server")
    if served is None:
        return []
    return [
        row("server CPU, each session", "cores", [served.cores / step.count]),
        row("server memory, each session", "MiB", [served.rss_mib / step.count]),
    ]


def _refusal_rows(seen: Climb) -> list[Row]:
    if seen.meanwhile is None:
        return []
    rates = [each.drawn / each.seconds for each in seen.meanwhile]
    gaps = [gap for each in seen.meanwhile for gap in each.interval_ms]
    refused = float(seen.refusals == TRIES + 1)
    return [
        row("one more is refused (503), each time", "", [refused], YES_BAR),
        row("meanwhile: pictures drawn a second", "", rates, FPS_BAR),
        row("meanwhile: between two pictures", "ms", gaps, INTERVAL_BAR),
    ]


def _step_rows(steps: list[Step]) -> list[Row]:
    rows = []
    for step in steps:
        rates = [each.drawn / each.seconds for each in step.found]
        rows.append(row(f"of {step.count}: pictures drawn a second", "", rates))
        received = [each.pictures / each.seconds for each in step.found]
        rows.append(row(f"of {step.count}: pictures received a second", "", received))
        rows.append(row(f"of {step.count}: gaps in the sound", "", [f.gaps for f in step.found]))
        taken = 100 * step.stolen
        rows.append(row(f"of {step.count}: processor taken by the host", "%", [taken]))
        if (served := step.usage.get("server")) is not None:
            rows.append(row(f"of {step.count}: server CPU", "cores", [served.cores]))
            rows.append(row(f"of {step.count}: server memory", "MiB", [served.rss_mib]))
    return rows
