"""Candidates of 127.0.0.1, for local servers alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from aioice import ice

from synchrorama_client.loopback import including_loopback


@pytest.fixture(autouse=True)
def original() -> Iterator[None]:
    kept = ice.get_host_addresses
    yield
    ice.get_host_addresses = kept


def found() -> list[str]:
    return list(ice.get_host_addresses(use_ipv4=True, use_ipv6=False))


def test_loopback_is_offered_inside_only() -> None:
    with including_loopback(True):
        assert found().count("127.0.0.1") == 1
    with including_loopback(False):
        assert "127.0.0.1" not in found()
    assert "127.0.0.1" not in found()


async def test_other_tasks_do_not_see_it() -> None:
    elsewhere = asyncio.Event()

    async def other() -> list[str]:
        await elsewhere.wait()
        return found()

    task = asyncio.create_task(other())
    await asyncio.sleep(0)
    with including_loopback(True), including_loopback(True):
        elsewhere.set()
        assert "127.0.0.1" not in await task


def test_it_is_installed_once() -> None:
    with including_loopback(True):
        first = ice.get_host_addresses
    with including_loopback(True):
        assert ice.get_host_addresses is first
