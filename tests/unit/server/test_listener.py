"""The listener: words of phrases in order, never behind, alive after a fault, then stopped."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engines.values import F32
from server.listener import KEPT, Ears, Listener
from tests.support import voices as sounds

PHRASE = np.concatenate([np.zeros(4800), sounds.voice(0.8), np.zeros(8000)]).astype(np.float32)


class Scribe:
    """Numbers the phrases; waits at the gate; fails where told."""

    def __init__(self, fail: int = -1) -> None:
        self.gate = threading.Event()
        self.count = 0
        self._fail = fail

    def transcribe(self, phrase: F32) -> str:
        assert self.gate.wait(20)
        self.count += 1
        if self.count - 1 == self._fail:
            raise ValueError("language")
        return "" if self.count == 2 else f"words {self.count}"


@pytest.fixture
async def thread() -> AsyncIterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


async def settled(listener: Listener) -> None:
    if listener._task is not None:
        await asyncio.wait({listener._task}, timeout=20)
    assert listener._task is None


async def test_words_come_in_order_and_silence_says_nothing(thread: ThreadPoolExecutor) -> None:
    scribe, heard = Scribe(), list[str]()
    scribe.gate.set()
    listener = Listener(Ears(scribe, thread), heard.append)
    listener.hear(np.zeros(32_000, np.float32))
    assert listener._task is None
    for _ in range(3):
        listener.hear(PHRASE)
        await settled(listener)
    assert heard == ["words 1", "words 3"]
    await listener.aclose()


async def test_a_slow_transcriber_loses_the_oldest(thread: ThreadPoolExecutor) -> None:
    scribe, heard = Scribe(), list[str]()
    listener = Listener(Ears(scribe, thread), heard.append)
    listener.hear(PHRASE)
    await asyncio.sleep(0)
    for _ in range(6):
        listener.hear(PHRASE)
    scribe.gate.set()
    await settled(listener)
    assert scribe.count == 1 + KEPT
    await listener.aclose()


async def test_it_lives_on_after_a_fault(
    thread: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    scribe, heard = Scribe(fail=0), list[str]()
    scribe.gate.set()
    listener = Listener(Ears(scribe, thread), heard.append)
    for _ in range(3):
        listener.hear(PHRASE)
        await settled(listener)
    assert heard == ["words 3"]
    assert "could not be transcribed" in caplog.text
    await listener.aclose()


async def test_closed_it_tells_nothing_more(thread: ThreadPoolExecutor) -> None:
    scribe, heard = Scribe(), list[str]()
    listener = Listener(Ears(scribe, thread), heard.append)
    listener.hear(PHRASE)
    await asyncio.sleep(0)
    await listener.aclose()
    await listener.aclose()
    scribe.gate.set()
    listener.hear(PHRASE)
    assert listener._task is None and heard == []
    assert "asr" not in {task.get_name() for task in asyncio.all_tasks()}


def test_closed_ears_take_nothing_more() -> None:
    ears = Ears(Scribe(), ThreadPoolExecutor(1))
    ears.close()
    ears.close()
    with pytest.raises(RuntimeError):
        ears.thread.submit(print)
