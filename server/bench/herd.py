"""Peers of a load, each in a process of its own, and the words between.

Runs in the bench's process.
Never leaves a peer behind: `aclose` ends each, by force where it does not end by itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from server.bench.caller import Figures
from server.bench.needs import BenchError

ANSWER_TIMEOUT_S = 60.0
END_TIMEOUT_S = 15.0
LONGEST_LINE = 16 * 1024 * 1024
"""A report holds a number for each picture."""


class Member:
    """One peer."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.first: dict[str, Any] = {}

    @property
    def live(self) -> bool:
        """Whether it got a session."""
        return self.first.get("state") == "live"

    @property
    def refused(self) -> bool:
        """Whether the server had no room for it."""
        return self.first.get("state") == "refused" and self.first.get("status") == 503

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    async def ask(self, word: str) -> dict[str, Any]:
        """Its answer to one word. Raises BenchError when it has none."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{word}\n".encode())
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise BenchError(f"a peer of the load ended before {word!r}") from error
        return await self._answer()

    async def mark(self) -> None:
        """Let it begin to measure."""
        await self.ask("mark")

    async def report(self) -> Figures:
        """What came to it since."""
        return Figures(**await self.ask("report"))

    async def watch(self) -> float:
        """How much its mouth moves: the standard deviation of the jaw over some seconds."""
        return float((await self.ask("watch"))["jaw"])

    async def begin(self) -> None:
        """Wait for its first word."""
        self.first = await self._answer()

    async def aclose(self) -> None:
        """End it; idempotent."""
        if self._process.returncode is not None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), END_TIMEOUT_S)
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """At once, without a word to the server."""
        if self._process.returncode is None:
            self._process.kill()

    async def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                line = await self._process.stdout.readline()
        except TimeoutError as error:
            raise BenchError(
                f"a peer of the load said nothing for {ANSWER_TIMEOUT_S:g} s"
            ) from error
        if not line:
            raise BenchError("a peer of the load ended without a word; its error stands above")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BenchError(f"a peer of the load: {answer['error']}")
        return answer


class Herd:
    """All peers of a run."""

    def __init__(self, url: str, wishes: Mapping[str, Any]) -> None:
        self._url = url
        self._wishes = json.dumps(dict(wishes))
        self.members: list[Member] = []

    @property
    def live(self) -> list[Member]:
        """Those with a session."""
        return [member for member in self.members if member.live]

    async def add(self, *, silent: bool = False) -> Member:
        """One more peer; its first word says whether it is live."""
        command = [sys.executable, "-m", "server.bench.load_peer", "--url", self._url]
        command += ["--wishes", self._wishes, "--seed", str(len(self.members))]
        process = await asyncio.create_subprocess_exec(
            *command, *(["--silent"] if silent else []), stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE
        )
        member = Member(process)
        self.members.append(member)
        await member.begin()
        return member

    async def measure(self, seconds: float) -> list[Figures]:
        """What comes to each live one in so many seconds."""
        live = self.live
        await asyncio.gather(*(member.mark() for member in live))
        await asyncio.sleep(seconds)
        return list(await asyncio.gather(*(member.report() for member in live)))

    async def watch(self) -> list[float]:
        """How much the mouth of each live one moves, seen at once."""
        return list(await asyncio.gather(*(member.watch() for member in self.live)))


@asynccontextmanager
async def herd(url: str, wishes: Mapping[str, Any]) -> AsyncIterator[Herd]:
    """No peer yet; all that are added are ended at the end."""
    made = Herd(url, wishes)
    try:
        yield made
    finally:
        await asyncio.gather(*(member.aclose() for member in made.members))
