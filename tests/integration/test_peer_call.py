"""A whole call over loopback: picture and sound arrive, in step, at the right rate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

from server.codec_pool import CodecPool
from tests.integration.loopback import Client, connect, hardened


@pytest.fixture(autouse=True)
def _hardened() -> Iterator[None]:
    installed = hardened()
    yield
    installed.undo()


@pytest.fixture
async def pool() -> AsyncIterator[CodecPool]:
    async with CodecPool(2) as pool:
        yield pool


async def test_sound_and_picture_arrive_together(pool: CodecPool) -> None:
    call = await connect(pool)
    try:
        await call.client.video.at_least(75)
        audio, video = call.client.audio.frames, call.client.video.frames
        rate = (len(video) - 26) / (video[-1][0] - video[25][0])
        assert 23 < rate < 27
        loud = [(at, np.abs(f.to_ndarray()).max() > 4000) for at, f in audio]
        bright = [(at, f.to_ndarray(format="gray").mean() > 100) for at, f in video]
        onsets_a = [b[0] for a, b in zip(loud, loud[1:], strict=False) if b[1] and not a[1]]
        onsets_v = [b[0] for a, b in zip(bright, bright[1:], strict=False) if b[1] and not a[1]]
        assert len(onsets_a) >= 3
        offsets = [min((v - a for v in onsets_v), key=abs) for a in onsets_a[1:-1]]
        assert abs(np.median(offsets)) < 0.08
    finally:
        await call.aclose()
