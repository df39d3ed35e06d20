"""Who may ask."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from server.same_site import same_site


@pytest.mark.parametrize(
    ("origin", "allowed", "taken"),
    [
        (None, (), True),
        ("http://here:8000", (), True),
        ("http://here", (), False),
        ("https://evil.example", (), False),
        ("null", (), False),
        ("https://friend.example", ("https://friend.example",), True),
        ("https://evil.example", ("*",), True),
    ],
)
def test_origin(origin: str | None, allowed: tuple[str, ...], taken: bool) -> None:
    headers = [(b"host", b"here:8000")]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    connection = HTTPConnection({"type": "http", "headers": headers})
    assert same_site(connection, allowed) is taken
