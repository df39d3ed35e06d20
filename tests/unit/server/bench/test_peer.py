from __future__ import annotations

import time

import aioice.ice
import numpy as np
import pytest

from server.bench import peer
from server.bench.service import Service
from server.rtc import install as rtc_install


async def test_microphone_keeps_pace_and_notes_the_onset() -> None:
    sound = np.zeros(960 * 6, np.float32)
    sound[1200:3000] = 0.5
    microphone = peer.Microphone(sound)
    start = time.time()
    frames = [await microphone.recv() for _ in range(5)]
    assert [frame.pts for frame in frames] == [0, 960, 1920, 2880, 3840]
    assert time.time() - start >= 5 * 0.02 - 0.002
    # Sample 1200 is 25 ms in: captured before the packet that carries it leaves.
    assert microphone.onsets_ms == pytest.approx([start * 1000 + 25], abs=8)
    heard = frames[1].to_ndarray().reshape(-1)
    assert abs(int(heard[230])) < 10 and int(heard[300]) > 16_000


async def test_microphone_plays_in_a_loop() -> None:
    microphone = peer.Microphone(np.full(1500, 0.25, np.float32))
    frames = [await microphone.recv() for _ in range(3)]
    third = frames[2].to_ndarray()
    assert np.array_equal(third, frames[0].to_ndarray())


async def test_a_client_that_never_connected_has_nothing() -> None:
    client = peer.PeerClient(Service("http://127.0.0.1:1", None, {}), np.zeros(960, np.float32))
    await client.hang_up()
    assert await client.state() == "closed"
    assert await client.stats() == {}
    recording, raw = client.taken()
    assert recording.shown == [] and raw["unreadable"] == [0]


def test_loopback_is_used_only_for_a_server_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        peer.prepare("http://127.0.0.1:8000")
        assert aioice.ice.get_host_addresses(True, False) == ["127.0.0.1"]
        peer.prepare("https://avatar.example.org")
        assert aioice.ice.get_host_addresses.__module__.startswith("server.rtc")
    finally:
        for installed in list(rtc_install._installed):
            installed.undo()
