"""Frames of a microphone without gaps."""

from __future__ import annotations

import numpy as np

from server.assistant.ear import MAX_HOLE, Ear


def test_lost_packets_become_silence_and_long_absences_nothing() -> None:
    heard: list[int] = []
    ear = Ear(lambda samples: heard.append(len(samples)))
    packet = np.ones(320, np.float32)
    ear.push(0.0, 0, packet)
    ear.push(0.0, 960, packet)
    ear.push(0.0, 960 * 4, packet)
    assert heard == [320, 320, 640, 320]
    assert ear.filled == 640
    ear.push(0.0, 960 * 4 + 960 + 3 * (MAX_HOLE + 1), packet)
    ear.push(0.0, 0, np.empty(0, np.float32))
    # Back in time: a new stream.
    ear.push(0.0, 0, packet)
    assert heard[4:] == [320, 320]
