"""`synchrorama bench dialogue`: a long scripted conversation with interruptions, over real sockets.

Runs in the bench's process; the server and the scripted provider are processes of their own.
Never judges words: every turn must be answered, every segment acknowledged once and exactly.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from av import AudioFrame

from server.bench.analyse import Recording, Sound, follow
from server.bench.latency import Plan
from server.bench.machine import machine, versions
from server.bench.needs import BenchError
from server.bench.peer import PACKET, Microphone, PeerClient, prepare, wall_ms
from server.bench.report import Bar, Result, row
from server.bench.scripted import RATE_HZ, said
from server.bench.service import Service, free_port, service
from server.bench.visitor import Visitor

WAIT_S = 20.0
"""A turn that was not answered in this time is lost."""
END_MS = 120_000.0
"""The last two minutes are the end."""
EXACT_S = 0.021
"""A tick: an acknowledged position may differ from the sound's length by it."""
BARGE_S = (0.3, 1.0)
"""Into an answer, from its first sound."""
NONE, AV = Bar("high", high=0), Bar("p50", low=-45, high=45)


class LiveMicrophone(Microphone):
    """Plays a Visitor in place of a loop."""

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(np.zeros(PACKET, np.float32))
        self._visitor = visitor

    async def recv(self) -> AudioFrame:
        """The next 20 ms."""
        heard = self._visitor.take(PACKET)
        self._pcm = np.round(heard * 32767).astype(np.int16)
        self._heard = np.zeros(PACKET // 3, np.float32)
        return await super().recv()


class VisitorClient(PeerClient):
    """A peer that talks, and keeps every event it is told."""

    def __init__(self, service: Service, visitor: Visitor) -> None:
        super().__init__(service, np.zeros(PACKET, np.float32))
        self.visitor = visitor
        self.told: list[tuple[float, dict[str, Any]]] = []
        """(wall ms, event)"""
        self._changed = asyncio.Event()

    def _open_microphone(self) -> Microphone:
        return LiveMicrophone(self.visitor)

    def _on_message(self, text: str | bytes) -> None:
        super()._on_message(text)
        event = json.loads(text)
        if event.get("type") not in ("stats", "emotion", "probe"):
            self.told.append((wall_ms(), event))
            self._changed.set()

    def of(self, kind: str, since: int = 0) -> list[dict[str, Any]]:
        """Events of that type, from the one numbered `since` on."""
        return [event for _, event in self.told[since:] if event["type"] == kind]

    @property
    def doing(self) -> str:
        """listening, thinking or speaking."""
        states = self.of("turn")
        return str(states[-1]["state"]) if states else ""

    async def until(self, wanted: Callable[[], bool]) -> bool:
        """Wait for events until it is so; whether it came to be in WAIT_S."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not wanted():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True


@dataclass(slots=True)
class Seen:
    """What a run saw."""

    turns: int = 0
    unanswered: int = 0
    barges: int = 0
    unheard: int = 0
    """Barge-ins that did not silence the face."""
    answer_ms: list[float] = field(default_factory=list)
    barge_ms: list[float] = field(default_factory=list)


async def dialogue(plan: Plan, turns: int, barges: int, tell: Callable[[str], None]) -> Result:
    """`turns` of a visitor in `plan.seconds`, `barges` of them into the face's speech."""
    if not 0 <= barges <= turns // 2:
        raise BenchError(f"{barges} barge-ins of {turns} turns: wanted half of them at most")
    where = machine()
    async with _provider() as url:
        settings = {
            "assistant.llm_url": url,
            "assistant.asr_url": url,
            "voices.provider": "openai",
            "voices.openai_url": url,
            **plan.settings,
        }
        async with service(plan.url, settings) as under_test:
            prepare(under_test.url)
            client = VisitorClient(under_test, Visitor())
            try:
                await client.connect({"voice": "assistant", **plan.wishes})
                seen = await _talk(client, plan.seconds, turns, barges, tell)
                recording, _ = client.taken()
            finally:
                await client.hang_up()
            return _judge(plan, client, seen, recording, where)


@asynccontextmanager
async def _provider() -> AsyncIterator[str]:
    """The scripted provider's base URL; its process ends with the block."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "server.bench.scripted", "--port", str(port)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            if await process.stdout.readline() != b"ready\n":
                raise BenchError("the scripted provider did not start")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _talk(
    client: VisitorClient, seconds: float, turns: int, barges: int, tell: Callable[[str], None]
) -> Seen:
    seen, rng = Seen(), random.Random(7)
    starts = turns - barges
    cut = set(rng.sample(range(starts), barges))
    begin_s = time.monotonic()
    for index in range(starts):
        await asyncio.sleep(max(0.0, begin_s + index * seconds / starts - time.monotonic()))
        await client.until(lambda: client.doing == "listening")
        if await client.state() != "live":
            raise BenchError(
                f"the connection was lost after {seen.turns} turns, {seen.unanswered} unanswered: "
                "the machine is too busy for this measurement"
            )
        await _turn(client, seen, rng, index in cut)
        spoken = f"{seen.turns} turns, {seen.barges} barge-ins"
        tell(f"{time.monotonic() - begin_s:.0f} of {seconds:.0f} s: {spoken}")
    await client.until(lambda: client.doing == "listening")
    await asyncio.sleep(max(0.0, begin_s + seconds - time.monotonic()))
    return seen


async def _turn(client: VisitorClient, seen: Seen, rng: random.Random, cut: bool) -> None:
    """One turn of the visitor and its answer; if `cut`, a second turn into that answer."""
    if not await _ask(client, seen, rng):
        return
    if not cut:
        return
    # An answer is 3.1 s long: two of them must be left to be interrupted.
    await asyncio.sleep(rng.uniform(*BARGE_S))
    since, barged_ms = len(client.told), wall_ms()

    def interrupted() -> bool:
        return any(e["interrupted"] for e in client.of("finished", since))

    seen.barges += 1
    if not await _ask(client, seen, rng, interrupted):
        seen.unheard += not interrupted()
        return
    seen.unheard += not interrupted()
    acknowledged = [
        at_ms
        for at_ms, event in client.told[since:]
        if event["type"] == "finished" and event["interrupted"]
    ]
    seen.barge_ms += [at_ms - barged_ms for at_ms in acknowledged[:1]]


async def _ask(
    client: VisitorClient,
    seen: Seen,
    rng: random.Random,
    first: Callable[[], bool] = lambda: True,
) -> bool:
    """Say something and wait for the answer's first sound; whether it came."""
    length_s = rng.uniform(1.05, 1.65)
    client.visitor.say(length_s)
    said_ms = wall_ms() + length_s * 1000
    seen.turns += 1
    since = len(client.told)
    answered = (
        await client.until(first)
        and await client.until(lambda: bool(_visitor(client, since)))
        and await client.until(lambda: client.doing == "speaking")
    )
    if not answered:
        seen.unanswered += 1
        return False
    seen.answer_ms.append(wall_ms() - said_ms)
    return True


def _visitor(client: VisitorClient, since: int) -> list[dict[str, Any]]:
    return [e for e in client.of("transcript", since) if e["by"] == "visitor"]


@dataclass(frozen=True, slots=True)
class Acks:
    """What became of all segments."""

    segments: int
    missing: int
    """Begun and never finished, or finished twice."""
    wrong: int
    """Heard out, and acknowledged with another length than the sound had."""
    interrupted: int
    """Answers, not segments, that were interrupted."""


def acknowledged(told: list[tuple[float, dict[str, Any]]]) -> Acks:
    """Every `started` has its one `finished`, and the position of its own sound."""
    started = [e["segment"] for _, e in told if e["type"] == "started"]
    finished = [e for _, e in told if e["type"] == "finished"]
    names = [e["segment"] for e in finished]
    texts: Mapping[str, str] = {
        e["segment"]: e["text"] for _, e in told if e["type"] == "transcript" and "segment" in e
    }
    wrong = 0
    for event in finished:
        text = texts.get(event["segment"])
        if event["interrupted"] or text is None:
            continue
        length_s = len(said(text)) / 2 / RATE_HZ
        wrong += abs(event["position_s"] - length_s) > EXACT_S
    missing = len(set(started) - set(names)) + len(names) - len(set(names))
    heard = [e for e in finished if e["interrupted"] and e["segment"] in started]
    return Acks(len(started), missing + len(started) - len(set(started)), wrong, len(heard))


def offsets(recording: Recording) -> list[Sound]:
    """The face's own sounds followed to the visitor: their A/V offsets are what counts."""
    heard = [report.heard_ms - 1 for report in recording.reports]
    return follow(Recording(heard, recording.echo_ms, recording.reports, recording.shown))[0]


def _judge(
    plan: Plan,
    client: VisitorClient,
    seen: Seen,
    recording: Recording,
    where: dict[str, Any],
) -> Result:
    acks = acknowledged(client.told)
    sounds = [each for each in offsets(recording) if each.av is not None]
    last_ms = recording.shown[-1].at_ms if recording.shown else 0.0
    end = [each.av for each in sounds if each.at_ms > last_ms - END_MS]
    warnings = client.of("warning")
    return Result(
        kind="dialogue",
        command=plan.command,
        rows=[
            row("turns of the visitor", "", [seen.turns]),
            row("turns not answered", "", [seen.unanswered], NONE),
            row("barge-ins", "", [seen.barges]),
            row("barge-ins not taken", "", [seen.unheard], NONE),
            row("interrupted for no reason", "", [max(0, acks.interrupted - seen.barges)], NONE),
            row("segments spoken", "", [acks.segments]),
            row("segments lost or told twice", "", [acks.missing], NONE),
            row("acknowledged at another length", "", [acks.wrong], NONE),
            row("warnings", "", [len(warnings)], NONE),
            row("end of a turn to the answer's first sound", "ms", seen.answer_ms),
            row("barge-in to its acknowledgement", "ms", seen.barge_ms),
            row("A/V offset", "ms", [each.av for each in sounds]),
            row("A/V offset, last two minutes", "ms", end, AV),
        ],
        notes=[
            "The visitor is a peer without a browser; transcriber, language model and voice are a "
            "scripted process. A turn's pause is part of the time to the answer."
        ],
        machine=where,
        versions=versions(""),
        settings=dict(plan.settings),
        raw={"warnings": warnings},
    )
