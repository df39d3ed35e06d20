"""What is raised."""

from __future__ import annotations

from synchrorama_client.errors import AvatarError, Refused, TimedOut


def test_words_and_hint_are_told_and_kept() -> None:
    error = Refused("server_full", "2 of 2 places are taken", "try again", status=503)
    assert str(error) == "2 of 2 places are taken (try again)"
    assert (error.code, error.hint, error.status) == ("server_full", "try again", 503)
    assert str(AvatarError("x", "words")) == "words"


def test_a_deadline_is_a_timeout_for_everybody() -> None:
    assert isinstance(TimedOut("timeout", "too long"), TimeoutError)
