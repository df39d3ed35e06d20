"""Work runs on named threads, which serve as the loop's default and are gone afterwards."""

from __future__ import annotations

import asyncio
import threading

import pytest

from server.codec_pool import CodecPool


async def test_work_runs_on_codec_threads() -> None:
    async with CodecPool(1) as pool:
        assert (await pool.run(threading.current_thread)).name.startswith("codec")
        loop = asyncio.get_running_loop()
        default = await loop.run_in_executor(None, threading.current_thread)
        assert default.name.startswith("codec")
        assert await pool.run(lambda a, b: a - b, 5, b=3) == 2


async def test_nothing_is_left_and_the_loop_still_has_an_executor() -> None:
    async with CodecPool(2) as pool:
        await asyncio.gather(*(pool.run(threading.get_ident) for _ in range(8)))
    assert not [t for t in threading.enumerate() if t.name.startswith("codec")]
    assert await asyncio.get_running_loop().run_in_executor(None, lambda: 7) == 7


def test_it_needs_a_thread() -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        CodecPool(0)
