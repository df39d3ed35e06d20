"""`synchrorama bench latency`: what a person waits for, on this machine, against the bars.

Runs in the bench's process beside the server's and the browser's.
Never runs without saying what it left out.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from server.bench import sounds
from server.bench.analyse import Flow, Recording, Sound, flow, follow, frame_ages, seen_movements
from server.bench.browser import measuring_browser
from server.bench.machine import Meter, Usage, machine, versions
from server.bench.needs import BenchError
from server.bench.report import Bar, Result, Row, row
from server.bench.service import Service, service
from server.bench.stats import drift

COLLECT_S = 1.0
SETTLE_S = 3.0
"""After the first picture: the browser's buffers find their size."""
TRAIN_S = 60.0

MINIMUM = "MinimumDelay"

FIRST_BAR = Bar("p50", high=1000)
INTERVAL_BAR = Bar("p99", high=60)
FPS_BAR = Bar("p50", low=24.8, high=25.2)
NEW_BAR = Bar("p50", low=24.0)
"""One held picture a second at most: the eye sees it, the clock goes on."""
MOUTH_BARS = (Bar("p50", high=300), Bar("p95", high=400))
AV_BAR = Bar("p50", low=-45, high=45)
STOP_BAR = Bar("p50", high=200)


class Client(Protocol):
    """The measuring page or the plain peer."""

    version: str
    problems: list[str]

    async def connect(self, wishes: dict[str, Any]) -> dict[str, Any]:
        """Connect afresh; {click_ms, live_ms, first_ms, session}."""

    async def collect(self) -> None:
        """Move what was recorded here."""

    async def stats(self) -> dict[str, Any]:
        """The browser's statistics, by name."""

    async def state(self) -> str:
        """`live` while all is well."""

    async def interruptions(self, count: int) -> list[dict[str, float | None]]:
        """Speak and be interrupted; ms to silence and to a closed mouth. Empty: it cannot."""

    async def hang_up(self) -> None:
        """End the connection."""

    def taken(self) -> tuple[Recording, dict[str, list[Any]]]:
        """What was recorded since the last call."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure."""

    seconds: float = 60.0
    connects: int = 5
    """Connections timed for the first picture; the last one is measured on."""
    url: str | None = None
    """None: start a server."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the started server, beyond the defaults."""
    wishes: Mapping[str, Any] = field(default_factory=dict)
    """avatar, size, seed of the session."""
    sound: str = "clicks"
    """clicks, speech or a WAV file."""
    browser: bool = True
    buffer_ms: int = 0
    """Least depth of the browser's jitter buffers; 0: what it takes by itself."""
    settle_s: float = SETTLE_S
    interruptions: int = 0
    """Of pushed speech, in a session of its own after the measured one."""
    command: str = ""


@asynccontextmanager
async def client(plan: Plan, under_test: Service) -> AsyncIterator[Client]:
    """The plan's client, its microphone ready."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="synchrorama-")))
        path = folder / "microphone.wav"
        make_sound(plan.sound, path)
        if plan.browser:
            yield await stack.enter_async_context(
                measuring_browser(under_test.url, path, plan.buffer_ms)
            )
            return
        from server.bench.peer import PeerClient, prepare

        prepare(under_test.url)
        sound, rate_hz = sounds.read_wav(path)
        peer = PeerClient(under_test, sounds.to_rate(sound, rate_hz, sounds.RATE_HZ))
        stack.push_async_callback(peer.hang_up)
        yield peer


def make_sound(kind: str, path: Path) -> None:
    """Write the microphone's WAV. Raises BenchError for a file that cannot be read."""
    if kind == "clicks":
        sounds.write_wav(path, sounds.train(TRAIN_S)[0])
    elif kind == "speech":
        sounds.speak(path)
    else:
        sounds.read_wav(Path(kind))  # refuses what no browser would play
        path.write_bytes(Path(kind).read_bytes())


@dataclass(frozen=True, slots=True)
class Run:
    """One measured connection."""

    connects: list[dict[str, Any]]
    recording: Recording
    raw: dict[str, Any]
    settle_until_ms: float
    browser_stats: tuple[dict[str, Any], dict[str, Any]]
    """Once settled, and at the end."""
    server_stats: dict[str, Any]
    usage: dict[str, Usage]
    interruptions: list[dict[str, float | None]] = field(default_factory=list)


async def measure(plan: Plan) -> Result:
    """Run the plan and judge it. Raises BenchError when nothing could be measured."""
    where = machine()
    async with service(plan.url, plan.settings) as under_test:
        async with client(plan, under_test) as connection:
            run = await record(plan, under_test, connection)
            if plan.interruptions:
                await connection.connect({**plan.wishes, "voice": "push"})
                broken = await connection.interruptions(plan.interruptions)
                run = replace(run, interruptions=broken)
                await connection.hang_up()
            known = versions(connection.version)
            capabilities = await under_test.json("GET", "/v1/capabilities")
    return judge(plan, run, where, known, {**under_test.settings, "capabilities": capabilities})


async def record(
    plan: Plan,
    under_test: Service,
    connection: Client,
    on_settled: Callable[[], None] = lambda: None,
) -> Run:
    """Connect as often as asked, then stay and record; `on_settled`: what counts begins now."""
    connects = [await connection.connect(dict(plan.wishes)) for _ in range(plan.connects)]
    connection.taken()
    meter = Meter(under_test.pid)
    await asyncio.sleep(plan.settle_s)
    settled = await connection.stats()
    settle_until_ms = time.time() * 1000
    on_settled()
    meter.start()
    deadline = time.monotonic() + plan.seconds
    while (left := deadline - time.monotonic()) > 0:
        await asyncio.sleep(min(COLLECT_S, left))
        await connection.collect()
        if await connection.state() != "live":
            raise BenchError(f"the connection was lost: {'; '.join(connection.problems)}")
    usage = meter.stop()
    at_end = await connection.stats()
    server_stats = await under_test.json("GET", f"/v1/sessions/{connects[-1]['session']}/stats")
    recording, raw = connection.taken()
    await connection.hang_up()
    return Run(connects, recording, raw, settle_until_ms, (settled, at_end), server_stats, usage)


def judge(
    plan: Plan,
    run: Run,
    where: Mapping[str, Any],
    known: Mapping[str, str],
    settings: Mapping[str, Any],
) -> Result:
    """From what was recorded to rows with bars."""
    found, lost = follow(run.recording, settle_until_ms=run.settle_until_ms)
    even = flow(run.recording.shown, settle_until_ms=run.settle_until_ms)
    ages = frame_ages(run.recording.shown, settle_until_ms=run.settle_until_ms)
    moves = seen_movements(run.recording, settle_until_ms=run.settle_until_ms)
    rows = [
        *_first_rows(run.connects),
        *_flow_rows(even),
        *_sound_rows(found),
        *_stage_rows(found, run),
        *_interruption_rows(run.interruptions),
        row("audio to seen movement of the mouth", "ms", moves),
        row("release to screen, every picture", "ms", ages),
        *_browser_rows(*run.browser_stats),
        *_usage_rows(run.usage),
    ]
    return Result(
        kind="latency",
        command=plan.command,
        rows=rows,
        notes=notes(plan, len(found), lost, even) + drawn(run.server_stats),
        machine=where,
        versions=known,
        settings=settings,
        raw={
            "connects": run.connects,
            "recorded": run.raw,
            "browser_stats": list(run.browser_stats),
            "server_stats": run.server_stats,
        },
    )


def _first_rows(connects: list[dict[str, Any]]) -> list[Row]:
    return [
        row("click to live", "ms", [each["live_ms"] - each["click_ms"] for each in connects]),
        row(
            "click to first picture",
            "ms",
            [each["first_ms"] - each["click_ms"] for each in connects],
            FIRST_BAR,
        ),
    ]


def _flow_rows(even: Flow | None) -> list[Row]:
    if even is None:
        return [row("pictures", "a second", [], FPS_BAR)]
    return [
        row("pictures", "a second", [even.fps], FPS_BAR),
        row("new pictures (held ones left out)", "a second", [even.new_fps], NEW_BAR),
        row("interval of pictures", "ms", even.intervals, INTERVAL_BAR),
        row("held pictures", "", [even.repeated]),
        row("media frames never shown", "", [even.skipped]),
    ]


def _sound_rows(found: list[Sound]) -> list[Row]:
    return [
        row("audio to matching mouth", "ms", [each.mouth for each in found], *MOUTH_BARS),
        row("A/V offset, + voice late", "ms", [each.av for each in found], AV_BAR),
        row("A/V offset, last third minus first", "ms", [_drift(found)]),
        row("audio to returned voice", "ms", [each.echo for each in found]),
        row("mouth: microphone to media clock", "ms", [each.uplink for each in found]),
        row("mouth: media clock to release", "ms", [each.server for each in found]),
        row("mouth: release to screen", "ms", [each.downlink for each in found]),
        row("mouth: last packet to screen", "ms", [each.display for each in found]),
    ]


def _drift(found: list[Sound]) -> float | None:
    known = [(each.at_ms / 1000, each.av) for each in found if each.av is not None]
    if len(known) < 2:
        return None
    at_s = [at for at, _ in known]
    ends = drift(at_s, [offset for _, offset in known], (at_s[-1] - at_s[0]) / 3)
    return None if ends is None else ends.change


_ENGINE = (
    ("queue", "queue"),
    ("motion", "motion"),
    ("renderer", "render"),
    ("renderer, work of its thread", "work"),
)


def _stage_rows(found: list[Sound], run: Run) -> list[Row]:
    """The server's share, by the number that a picture has on both sides."""
    engine = run.server_stats.get("engine", {})
    sent = [
        None if each.downlink is None or each.display is None else each.downlink - each.display
        for each in found
    ]
    rows = [
        row("stage: media clock to drawn", "ms", [each.drawing for each in found]),
        row("stage: drawn to release", "ms", [each.waiting for each in found]),
        row("stage: release to last packet", "ms", sent),
    ]
    for name, key in _ENGINE:
        rows.append(row(f"engine: {name}, mean", "ms", [engine.get(f"{key}_mean_ms")]))
    delay_ms = run.server_stats.get("player", {}).get("delay_ms")
    rows.append(row("server: playout delay at the end", "ms", [delay_ms]))
    return [each for each in rows if each.summary is not None]


def _interruption_rows(found: list[dict[str, float | None]]) -> list[Row]:
    if not found:
        return []
    return [
        row("interrupt to silence", "ms", [each["silence_ms"] for each in found], STOP_BAR),
        row("interrupt to closed mouth, as sent", "ms", [e["closed_ms"] for e in found], STOP_BAR),
    ]


def _browser_rows(before: dict[str, Any], after: dict[str, Any]) -> list[Row]:
    if not after.get("video_in"):
        return []
    return [
        row("video jitter buffer", "ms", [mean_buffer_ms(before, after, "video_in")]),
        # Without what the browser adds to wait for the sound (its lip sync).
        row(
            "video buffer for jitter alone",
            "ms",
            [mean_buffer_ms(before, after, "video_in", MINIMUM)],
        ),
        row("audio jitter buffer", "ms", [mean_buffer_ms(before, after, "audio_in")]),
        row("freezes", "", [since(before, after, "video_in", "freezeCount")]),
        row("dropped by the browser", "", [since(before, after, "video_in", "framesDropped")]),
        row(
            "packets lost",
            "",
            [sum(since(before, after, kind, "packetsLost") for kind in ("video_in", "audio_in"))],
        ),
    ]


def _usage_rows(usage: Mapping[str, Usage]) -> list[Row]:
    rows = [row(f"{name} CPU", "cores", [used.cores]) for name, used in usage.items()]
    # Of the server alone: the browser's processes share most of theirs, a sum would say nothing.
    served = usage.get("server")
    return rows if served is None else [*rows, row("server memory", "MiB", [served.rss_mib])]


def since(before: dict[str, Any], after: dict[str, Any], name: str, key: str) -> float:
    """By how much a counter grew between two looks."""
    return float(after.get(name, {}).get(key, 0)) - float(before.get(name, {}).get(key, 0))


def mean_buffer_ms(
    before: dict[str, Any], after: dict[str, Any], name: str, which: str = "Delay"
) -> float | None:
    """Mean jitter buffer delay of a kind between two looks (W3C webrtc-stats)."""
    emitted = since(before, after, name, "jitterBufferEmittedCount")
    if emitted <= 0:
        return None
    return 1000 * since(before, after, name, f"jitterBuffer{which}") / emitted


def drawn(stats: Mapping[str, Any]) -> list[str]:
    """Which rungs of the quality ladder the call's pictures were drawn on."""
    figures = stats.get("engine", {})
    rungs = {key[6:]: count for key, count in figures.items() if key.startswith("drawn_")}
    if not rungs:
        return []
    said = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in rungs.items())
    lost = f"{figures.get('frames_held', 0)} held, {figures.get('frames_dropped', 0)} too late"
    return [f"Of the whole call, pictures drawn by rung: {said}; {lost}."]


def notes(plan: Plan, followed: int, lost: int, even: Flow | None) -> list[str]:
    """What a reader of the table must know."""
    screen = (
        "the expected display time of requestVideoFrameCallback"
        if plan.browser
        else "the moment the picture was decoded (no browser: no screen)"
    )
    said = [
        f"Picture time is {screen}. The matching picture is the first whose media time is not "
        "before the sound's: half a frame (20 ms) later on average than the sound itself.",
        "Sound time is the sample's moment in the client's microphone track, and in the returned "
        "track; loudspeaker and monitor are not in it.",
        f"The first {plan.settle_s:g} s of the measured connection are left out.",
        f"{followed} sounds followed, {lost} could not be.",
    ]
    if even is not None:
        said.append(
            f"{even.seconds:.0f} s watched; {even.missed_callbacks} callbacks missed by the page "
            f"(their gap is shared among the pictures in it), longest gap {even.longest_ms:.0f} ms."
        )
    return said
