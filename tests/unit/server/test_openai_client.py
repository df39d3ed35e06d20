"""One way to an OpenAI-compatible API: its key, its limits, and nobody else's address."""

from __future__ import annotations

import pytest

from server.openai_client import NoKey, connect, key_of

pytest.importorskip("openai")


def test_a_key_is_read_where_it_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "k")
    assert (key_of("MY_KEY"), key_of(None), key_of("")) == ("k", "none", "none")


def test_a_variable_that_holds_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(NoKey, match="MY_KEY"):
        connect("http://127.0.0.1:9/v1", "MY_KEY", 1.0, 100)


async def test_it_asks_once_and_only_the_address_that_was_set() -> None:
    client = connect("http://127.0.0.1:9/v1", None, 2.5, 100)
    assert (client.max_retries, client.timeout) == (0, 2.5)
    assert client._client.follow_redirects is False
    await client.close()
