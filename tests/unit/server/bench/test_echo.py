"""Rooms with an echo, and what is made of them."""

from __future__ import annotations

import numpy as np
import pytest

from server.bench import echo as module
from server.bench.echo import Room, barge_ins, echo, speech


def test_a_room_gives_back_what_went_out_later_and_softer() -> None:
    out = np.zeros(16_000, np.float32)
    out[1000] = 0.5
    heard = Room(-20, 100, noise_db=-90).microphone(out)
    assert int(np.argmax(np.abs(heard))) == 2600
    assert np.abs(heard).max() == pytest.approx(0.05, rel=0.1)
    loud = Room(0, 0, noise_db=-90).microphone(out, np.full(16_000, 5.0, np.float32))
    assert loud.max() == 1.0


def test_visitors_speak_into_speech() -> None:
    out = speech(40)
    visitor, times = barge_ins(out)
    assert len(times) == 2
    for at_s in times:
        at = int(at_s * 16_000)
        assert np.abs(out[at : at + 1600]).max() > 0.02
        assert np.abs(visitor[at : at + 16_000]).max() > 0.1
    assert np.abs(visitor[: int(times[0] * 16_000)]).max() == 0


def test_every_room_has_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOMS", ((-20.0, 100.0),))
    monkeypatch.setattr(module, "HEARABLE", ((-100.0, 100.0),))
    told: list[str] = []
    result = echo(25.0, "cmd", told.append)
    assert [each.name for each in result.rows] == [
        "self-interruptions in 25 s, 1 rooms",
        "barge-ins taken, no echo",
        "after, no echo",
    ]
    assert result.held
    assert told == ["echo -20 dB after 100 ms: 0 self-interruptions"]
