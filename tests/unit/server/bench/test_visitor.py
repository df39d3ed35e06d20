"""The bench's visitor: speech when told, a room otherwise."""

from __future__ import annotations

import numpy as np

from engines.vad import Vad
from server.bench.visitor import Visitor


def test_it_speaks_when_told_and_for_as_long() -> None:
    visitor = Visitor()
    assert np.abs(visitor.take(960)).max() < 0.01
    visitor.say(0.9)
    taken = np.concatenate([visitor.take(960) for _ in range(100)])
    loud = np.flatnonzero(np.abs(taken) > 0.05)
    assert 0.8 * 48_000 < loud[-1] - loud[0] < 0.95 * 48_000
    assert not visitor.speaking
    assert visitor.spoken == 1


def test_it_is_taken_for_speech() -> None:
    visitor, vad = Visitor(), Vad()
    state = vad.new_state()
    visitor.say(1.0)
    heard = [vad.step(state, visitor.take(960)[::3].astype(np.float32)) for _ in range(50)]
    assert sum(heard) > 35
