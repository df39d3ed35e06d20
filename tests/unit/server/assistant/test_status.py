"""States told once, and the listening look."""

from __future__ import annotations

from server.assistant.status import Status
from tests.support.fake_assistant import FakeFace


def test_each_state_is_told_once() -> None:
    face = FakeFace()
    status = Status(face.body)
    for _ in range(3):
        status.show(speaking=False, thinking=False)
    status.hearing(True)
    status.hearing(True)
    status.show(speaking=False, thinking=True)
    status.show(speaking=True, thinking=True)
    told = [(event["state"], event["hearing"]) for event in face.events("turn")]
    assert told == [
        ("listening", False),
        ("listening", True),
        ("thinking", True),
        ("speaking", True),
    ]
    assert status.state == "speaking"


def test_a_louder_visitor_is_listened_to_with_more_energy() -> None:
    face = FakeFace()
    status = Status(face.body)
    status.loud(0.0)
    assert face.acted == []
    status.hearing(True)
    for _ in range(200):
        status.loud(-15.0)
    energies = [act["energy"] for act in face.acted]
    assert energies[0] == 0.5
    assert len(energies) < 6
    assert energies == sorted(energies)
    status.hearing(False)
    assert face.acted[-1]["speaking"] is False
