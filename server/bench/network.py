"""`synchrorama bench network`: the same latencies over a bad network, for minutes.

Runs in the bench's process; `tc netem` in a network namespace where the machine allows it, else
the scripted relay of `server.bench.lossy`. Which of the two it was stands in the output.
Never mixes the two in one run.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from server.bench.analyse import Flow, Sound, flow, follow
from server.bench.latency import Plan, Run, client, mean_buffer_ms, record, since
from server.bench.link import Conditions
from server.bench.machine import machine, versions
from server.bench.needs import BenchError
from server.bench.netem import NoNetem, namespace
from server.bench.report import Bar, Result, Row, row
from server.bench.series import series, text
from server.bench.service import SERVE, Service, service
from server.bench.stats import drift

BAD = Conditions(delay_ms=50, jitter_ms=20, loss=0.02)
WINDOW_S = 60.0
AV_BAR = Bar("p50", low=-60, high=60)
GROWTH_BAR = Bar("p50", high=40)
"""Between the medians of the first and the last minute: jitter buffers breathe by that much."""
FREEZE_BAR = Bar("p50", high=1.0)


@dataclass(frozen=True, slots=True)
class Reached:
    """A server behind a bad network."""

    service: Service
    by: str
    """netem or relay, and why not netem."""


@asynccontextmanager
async def reached(plan: Plan, given: Conditions) -> AsyncIterator[Reached]:
    """The server under test behind the network. Raises BenchError."""
    async with AsyncExitStack() as stack:
        if plan.url is None:
            try:
                inside = stack.enter_context(namespace(given))
            except NoNetem as error:
                why = f"netem is not to be had here ({error})"
            else:
                there = {**plan.settings, "server.host": inside.address}
                there["rtc.bind_addresses"] = inside.address
                command = (*inside.prefix, *SERVE)
                started = service(None, there, command=command, host=inside.address)
                yield Reached(await stack.enter_async_context(started), "tc netem in a namespace")
                return
        else:
            why = "a server that runs already cannot be moved into a namespace"
        target = await stack.enter_async_context(service(plan.url, plan.settings))
        command = (sys.executable, "-m", "server.bench.lossy", "--target", target.url)
        command += tuple(
            f"--{key.replace('_', '-')}={value}" for key, value in asdict(given).items()
        )
        front = await stack.enter_async_context(service(None, {}, command=command))
        yield Reached(
            Service(front.url, target.pid, target.settings), f"a scripted relay of UDP: {why}"
        )


async def network(plan: Plan, given: Conditions, tell: Callable[[str], None]) -> Result:
    """Measure behind it; `plan.seconds` long."""
    where = machine()
    async with reached(plan, given) as there:
        tell(f"{given.text()}, by {there.by}")
        async with client(plan, there.service) as connection:
            run = await record(plan, there.service, connection)
            known = versions(connection.version)
        counts: dict[str, Any] = {}
        if there.by.startswith("a scripted"):
            counts = await there.service.json("GET", "/__link__")
    return judge(plan, run, (given, there.by, counts), where, known)


def judge(
    plan: Plan,
    run: Run,
    link: tuple[Conditions, str, dict[str, Any]],
    where: dict[str, Any],
    known: dict[str, str],
) -> Result:
    """From what was recorded to rows with bars."""
    given, by, counts = link
    found, lost = follow(run.recording, settle_until_ms=run.settle_until_ms)
    even = flow(run.recording.shown, settle_until_ms=run.settle_until_ms)
    if even is None or not found:
        raise BenchError(f"nothing came through {given.text()}: {lost} sounds were lost")
    notes = [
        f"Each direction: {given.text()}; by {by}.",
        f"{even.seconds:.0f} s watched; {len(found)} sounds followed, {lost} could not be (their "
        "own packet was lost, or the server's word on them).",
        "A freeze is a gap of three mean intervals, and 150 ms more than one (W3C webrtc-stats).",
    ]
    if counts.get("seen"):
        notes.append(f"The relay saw {counts['seen']} packets and dropped {counts['dropped']}.")
    parts = series(found, run.raw, run.settle_until_ms)
    notes += text(parts)
    return Result(
        kind="network",
        command=plan.command,
        rows=[
            *_sound_rows(found),
            *_loudspeaker_rows(found, run.browser_stats),
            *_picture_rows(even),
            *_buffer_rows(run.browser_stats),
        ],
        notes=notes,
        machine=where,
        versions=known,
        raw={
            "sounds": [asdict(each) for each in found],
            "series": parts,
            "recorded": {name: run.raw.get(name, []) for name in ("buffers", "events")},
            "browser_stats": list(run.browser_stats),
            "server_stats": run.server_stats,
            "link": {**asdict(given), "by": by},
        },
    )


def _sound_rows(found: Sequence[Sound]) -> list[Row]:
    ends = drift([each.at_ms / 1000 for each in found], [each.mouth for each in found], WINDOW_S)
    voice = [each for each in found if each.av is not None]
    drifted = drift(
        [each.at_ms / 1000 for each in voice], [each.av or 0.0 for each in voice], WINDOW_S
    )
    return [
        row("audio to matching mouth", "ms", [each.mouth for each in found]),
        row(
            "audio to matching mouth, last minute minus first",
            "ms",
            [None if ends is None else ends.change],
            GROWTH_BAR,
        ),
        row("A/V offset, + voice late", "ms", [each.av for each in found], AV_BAR),
        row(
            "A/V offset, last minute minus first",
            "ms",
            [None if drifted is None else drifted.change],
        ),
        row("audio to returned voice", "ms", [each.echo for each in found]),
    ]


def _loudspeaker_rows(
    found: Sequence[Sound], stats: tuple[dict[str, Any], dict[str, Any]]
) -> list[Row]:
    """The same offset where the voice is heard: after the sound device, as lip sync counts it."""
    device_ms = device_delay_ms(*stats)
    if device_ms is None:
        return []
    return [
        row("delay of the sound device", "ms", [device_ms]),
        row(
            "A/V offset at the loudspeaker",
            "ms",
            [None if each.av is None else each.av + device_ms for each in found],
        ),
    ]


def device_delay_ms(before: dict[str, Any], after: dict[str, Any]) -> float | None:
    """Mean between two looks, from a sample's leaving the track to its sounding (webrtc-stats)."""
    samples = since(before, after, "device", "totalSamplesCount")
    if samples <= 0:
        return None
    return 1000 * since(before, after, "device", "totalPlayoutDelay") / samples


def frozen(even: Flow) -> list[float]:
    """Ms of each freeze."""
    mean = sum(even.intervals) / len(even.intervals)
    bound = max(3 * mean, mean + 150)
    return [gap for gap in even.intervals if gap > bound]


def _picture_rows(even: Flow) -> list[Row]:
    gone = frozen(even)
    return [
        row("pictures", "a second", [even.fps]),
        row("interval of pictures", "ms", even.intervals),
        row("freezes", "", [len(gone)]),
        row("time frozen", "%", [100 * sum(gone) / 1000 / even.seconds], FREEZE_BAR),
    ]


def _buffer_rows(stats: tuple[dict[str, Any], dict[str, Any]]) -> list[Row]:
    before, after = stats
    if not after.get("video_in"):
        return []
    return [
        row("video jitter buffer", "ms", [mean_buffer_ms(before, after, "video_in")]),
        row("audio jitter buffer", "ms", [mean_buffer_ms(before, after, "audio_in")]),
        row("video packets lost", "", [since(before, after, "video_in", "packetsLost")]),
        row("audio packets lost", "", [since(before, after, "audio_in", "packetsLost")]),
        row("audio concealed", "%", [_concealed(before, after)]),
    ]


def _concealed(before: dict[str, Any], after: dict[str, Any]) -> float | None:
    heard = since(before, after, "audio_in", "totalSamplesReceived")
    return 100 * since(before, after, "audio_in", "concealedSamples") / heard if heard else None
