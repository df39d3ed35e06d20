"""What may be offered through a door."""

from __future__ import annotations

import pytest

from server.doors.offers import check_direction, directions
from server.errors import ApiError


def sdp(*media: str, session: str = "") -> str:
    lines = ["v=0", *([f"a={session}"] if session else [])]
    for each in media:
        kind, _, direction = each.partition(" ")
        lines.append(f"m={kind} 9 UDP/TLS/RTP/SAVPF 111")
        if direction:
            lines.append(f"a={direction}")
    return "\r\n".join(lines) + "\r\n"


def test_directions_are_those_of_each_m_line_or_of_the_session() -> None:
    assert directions(sdp("audio recvonly", "video")) == [
        ("audio", "recvonly"),
        ("video", "sendrecv"),
    ]
    assert directions(sdp("audio", session="inactive")) == [("audio", "inactive")]
    assert directions("") == []


@pytest.mark.parametrize(
    ("kind", "media"),
    [
        ("whip", ("audio sendonly",)),
        ("whip", ("audio sendrecv", "video sendonly")),
        # A camera that is off.
        ("whip", ("audio sendonly", "video inactive")),
        ("whep", ("audio recvonly", "video recvonly")),
        ("whep", ("video sendrecv", "application")),
    ],
)
def test_good_offers(kind: str, media: tuple[str, ...]) -> None:
    check_direction(kind, sdp(*media))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "media", "got"),
    [
        ("whip", ("audio recvonly",), "recvonly"),
        ("whip", ("audio inactive",), "inactive"),
        ("whip", ("audio sendonly", "audio sendonly"), "2 audio"),
        ("whep", ("audio sendonly",), "sendonly"),
        ("whep", ("audio recvonly", "video inactive"), "inactive"),
        ("whep", ("video recvonly", "video recvonly"), "2 video"),
    ],
)
def test_others_are_refused_as_a_whole(kind: str, media: tuple[str, ...], got: str) -> None:
    with pytest.raises(ApiError, match=got) as caught:
        check_direction(kind, sdp(*media))  # type: ignore[arg-type]
    assert caught.value.status == 406
