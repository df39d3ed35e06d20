"""How much may be sent ahead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synchrorama_client.pacing import Pacing


def test_speech_drains_as_it_is_spoken() -> None:
    pacing = Pacing(20.0)
    pacing.sent(4.0, 10.0)
    assert pacing.waiting_s(11.0) == pytest.approx(3.0)
    assert pacing.waiting_s(20.0) == 0.0
    pacing.told(6.0, 20.0)
    assert pacing.waiting_s(21.0) == pytest.approx(5.0)
    pacing.forgotten()
    assert pacing.waiting_s(21.0) == 0.0


def test_less_than_was_sent_means_that_it_was_not_read_yet() -> None:
    pacing = Pacing(20.0)
    pacing.sent(8.0, 0.0)
    pacing.told(0.7, 0.0)
    assert pacing.waiting_s(0.0) == 8.0


def test_more_than_the_limit_waits_until_there_is_room() -> None:
    pacing = Pacing(2.0)
    pacing.sent(2.0, 0.0)
    assert pacing.wait_s(0.5, 0.0) == pytest.approx(0.5)
    assert pacing.wait_s(0.5, 0.5) == 0.0


def test_a_piece_longer_than_the_limit_goes_when_nothing_waits() -> None:
    pacing = Pacing(1.0)
    assert pacing.wait_s(3.0, 0.0) == 0.0
    pacing.sent(3.0, 0.0)
    assert pacing.wait_s(3.0, 0.0) == pytest.approx(3.0)


@given(st.lists(st.floats(0.01, 0.5), max_size=200))
def test_who_waits_as_told_never_has_more_than_the_limit_ahead(pieces: list[float]) -> None:
    pacing, now_s = Pacing(1.0), 0.0
    for length_s in pieces:
        now_s += pacing.wait_s(length_s, now_s)
        pacing.sent(length_s, now_s)
        assert pacing.waiting_s(now_s) <= 1.0 + 1e-9


def test_a_limit_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        Pacing(0.0)
