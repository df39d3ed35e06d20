"""What every test over loopback needs: the hardenings, and a codec pool."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from server.codec_pool import CodecPool
from server.rtc.install import Installed
from tests.integration.loopback import hardened


@pytest.fixture
def installed() -> Iterator[Installed]:
    installed = hardened()
    yield installed
    installed.undo()


@pytest.fixture
async def pool(installed: Installed) -> AsyncIterator[CodecPool]:
    async with CodecPool(2) as pool:
        yield pool
