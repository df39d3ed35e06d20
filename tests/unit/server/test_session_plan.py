"""What crosses the border between a session and its media."""

from __future__ import annotations

import dataclasses

import pytest

from server.session_plan import MediaEvents, SessionPlan
from server.session_states import Ending


def test_a_plan_is_settled_and_says_little_by_itself() -> None:
    plan = SessionPlan("id", "ada", "mirror", 256, 1)
    assert (plan.renderer, plan.wishes, plan.probe, plan.consent_given) == ("auto", (), False, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.size = 512  # type: ignore[misc]


def test_who_does_not_listen_is_not_asked_to() -> None:
    told: list[object] = []
    events = MediaEvents(lambda: told.append("there"), lambda *why: told.append(why))
    events.connected()
    events.heard({"type": "x"})
    events.interrupted()
    events.ended(Ending.LOST, "away")
    assert told == ["there", (Ending.LOST, "away")]
