from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest

from server.bench import load_peer
from server.bench.load_peer import answered, connected
from server.bench.needs import BenchError
from server.bench.service import Refused, Service
from tests.unit.server.bench.test_caller import Scripted


class Knocking(Scripted):
    """Its connect does what it is told."""

    fault: BenchError | None = None

    async def connect(self, wishes: dict[str, Any]) -> None:
        if self.fault is not None:
            raise self.fault
        self.session = "one"

    async def watch(self, seconds: float) -> float:
        return 0.2


def caller(fault: BenchError | None = None) -> Knocking:
    made = Knocking(Service("u", None, {}), np.zeros(9, np.float32), True)
    made.fault = fault
    return made


async def test_the_first_word_says_how_it_went() -> None:
    for fault, state in (
        (None, "live"),
        (Refused(503, "full"), "refused"),
        (BenchError("no picture"), "failed"),
    ):
        peer = caller(fault)
        said = await connected(peer, {})
        assert said["state"] == state
        assert said.get("status") == (503 if state == "refused" else None)
        await peer.pc.close()


async def test_each_line_has_one_answer(capsys: pytest.CaptureFixture[str]) -> None:
    peer = caller()
    words = asyncio.StreamReader()
    words.feed_data(b"mark\nreport\ntold\nwatch\nnonsense\n")
    words.feed_eof()
    await answered(peer, words)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == {"marked": True} and lines[1]["pictures"] == 0
    assert lines[2]["pictures"] == 0 and lines[3] == {"jaw": 0.2}
    assert "unknown word" in lines[4]["error"]
    assert load_peer.TRAIN_S > 0
    await peer.pc.close()
