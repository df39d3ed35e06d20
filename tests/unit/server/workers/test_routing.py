"""Which process gets a connection."""

from __future__ import annotations

from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.workers.routing import (
    MAX_LINE,
    Everybody,
    First,
    Freest,
    Holder,
    Named,
    Target,
    choose,
    prefix,
    route,
)


@pytest.mark.parametrize(
    ("line", "target"),
    [
        (b"GET / HTTP/1.1\r\n", Freest(False)),
        (b"GET /readyz HTTP/1.1\r\n", Freest(False)),
        (b"POST /v1/sessions HTTP/1.1\r\n", Freest(True)),
        (b"GET /v1/sessions HTTP/1.1\r\n", Freest(False)),
        (b"POST /v1/sessions/w1.abc-_D/offer HTTP/1.1\r\n", Holder(1)),
        (b"PATCH /v1/sessions/w12.abc HTTP/1.0\n", Holder(12)),
        (b"GET /v1/sessions/w0.abc/audio?x=/metrics HTTP/1.1\r\n", Holder(0)),
        (b"GET /v1/sessions/abc/stats HTTP/1.1\r\n", Freest(False)),
        (b"GET /v1/sessions/w1abc/stats HTTP/1.1\r\n", Freest(False)),
        (b"GET /v1/avatars HTTP/1.1\r\n", First()),
        (b"DELETE /v1/avatars/me HTTP/1.1\r\n", First()),
        (b"GET /v1/avatarsx HTTP/1.1\r\n", Freest(False)),
        (b"POST /whip?avatar=ben HTTP/1.1\r\n", Freest(True)),
        (b"POST /api/offer HTTP/1.1\r\n", Freest(True)),
        (b"POST /whip/studio?avatar=ben HTTP/1.1\r\n", Named(crc32(b"studio"))),
        (b"POST /whep/studio HTTP/1.1\r\n", Named(crc32(b"studio"))),
        (b"POST /whep/w2.secret HTTP/1.1\r\n", Holder(2)),
        (b"DELETE /whip/r/w3.secret HTTP/1.1\r\n", Holder(3)),
        (b"PATCH /sessions/w4.secret/api/offer HTTP/1.1\r\n", Holder(4)),
        (b"GET /metrics?a=b HTTP/1.1\r\n", Everybody()),
    ],
)
def test_the_first_line_says_where(line: bytes, target: Target) -> None:
    assert route(line + b"Host: x\r\n\r\n") == target
    for end in range(len(line) - 1):
        assert route(line[:end]) is None


@pytest.mark.parametrize(
    "head",
    [
        b"\n",
        b"hello\r\n",
        b"GET /\r\n",
        b"GET / HTTP/2.0\r\n",
        b"\x16\x03\x01\x02\x00\n",
        b"x" * MAX_LINE,
    ],
)
def test_what_is_no_request_is_told_from_one(head: bytes) -> None:
    with pytest.raises(ValueError):
        route(head)


@given(st.binary(max_size=100))
def test_any_bytes_are_routed_refused_or_waited_for(head: bytes) -> None:
    try:
        target = route(head)
    except ValueError:
        return
    assert (target is None) == (b"\n" not in head)


def test_a_session_goes_to_its_holder_or_to_whoever_can_say_that_it_is_gone() -> None:
    assert route(f"GET /v1/sessions/{prefix(1)}x HTTP/1.1\r\n".encode()) == Holder(1)
    assert choose(Holder(1), [0, 5]) == 1
    assert choose(Holder(1), [3, None, 1]) == 2
    assert choose(Holder(9), [3, 1]) == 1


def test_new_ones_go_where_fewest_are_and_avatars_to_one_alone() -> None:
    assert choose(Freest(True), [2, 1, 1]) == 1
    assert choose(First(), [2, 1, 1]) == 0
    assert choose(First(), [None, 1]) == 1
    assert choose(Freest(False), [None, None]) is None
    assert choose(Holder(0), []) is None


def test_a_channel_stays_with_its_process_while_another_starts_anew() -> None:
    homes = {number: choose(Named(number), [0, 0, 0]) for number in range(9)}
    assert set(homes.values()) == {0, 1, 2}
    for number, home in homes.items():
        assert choose(Named(number), [9, None, 9]) == (None if home == 1 else home)
    assert choose(Named(5), [None, None]) is None
