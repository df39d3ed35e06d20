"""The bounds of what the API takes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from server.schemas import MAX_CANDIDATES, Candidate, Description, SessionRequest, Trickle


def test_a_session_request_has_defaults_for_all() -> None:
    asked = SessionRequest.model_validate({})
    assert (asked.avatar, asked.voice, asked.size, asked.seed, asked.probe) == (
        None,
        "mirror",
        None,
        None,
        False,
    )


def test_unknown_fields_are_refused_but_not_in_candidates() -> None:
    with pytest.raises(ValidationError):
        SessionRequest.model_validate({"avater": "ada"})
    with pytest.raises(ValidationError):
        Description.model_validate({"sdp": "v=0", "type": "offer", "more": 1})
    # Browsers add fields to a candidate with each year.
    Candidate.model_validate({"candidate": "x", "usernameFragment": "y", "relayProtocol": "udp"})


def test_candidates_are_bounded_in_number_and_length() -> None:
    row = {"candidate": "x", "sdpMid": "0"}
    Trickle.model_validate({"candidates": [row] * MAX_CANDIDATES})
    with pytest.raises(ValidationError):
        Trickle.model_validate({"candidates": [row] * (MAX_CANDIDATES + 1)})
    with pytest.raises(ValidationError):
        Candidate.model_validate({"candidate": "x" * 1025})
    with pytest.raises(ValidationError):
        Candidate.model_validate({"candidate": "x", "sdpMLineIndex": 16})


@pytest.mark.parametrize("sdp", ["", None, 5])
def test_an_sdp_is_text(sdp: object) -> None:
    with pytest.raises(ValidationError):
        Description.model_validate({"sdp": sdp, "type": "offer"})
