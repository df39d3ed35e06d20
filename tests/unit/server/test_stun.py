"""Signs of life of STUN servers, over loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from server.stun import MAGIC, ask, is_answer, parse_url, request


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("stun:stun.example.org", ("stun.example.org", 3478)),
        ("stun:192.0.2.1:19302", ("192.0.2.1", 19302)),
        ("turn:t.example.org:5000?transport=udp", ("t.example.org", 5000)),
        ("turns:t.example.org", ("t.example.org", 5349)),
        ("stun:[2001:db8::1]:99", ("2001:db8::1", 99)),
        ("stun:[2001:db8::1]", ("2001:db8::1", 3478)),
    ],
)
def test_urls(url: str, place: tuple[str, int]) -> None:
    assert parse_url(url) == place


@pytest.mark.parametrize("url", ["http://x", "stun:", "x", "stun:a:b"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError):
        parse_url(url)
    assert ask(url) is False


@contextmanager
def server(kind: int) -> Iterator[int]:
    """Answers one request with a message of this kind; 0: says something else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)

        def answer() -> None:
            data, client = sock.recvfrom(2048)
            good = kind.to_bytes(2, "big") + b"\x00\x00" + data[4:20]
            sock.sendto(good if kind else b"hello", client)

        thread = threading.Thread(target=answer)
        thread.start()
        yield sock.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(("kind", "alive"), [(0x0101, True), (0x0111, True), (0, False)])
def test_any_well_formed_answer_is_a_sign_of_life(kind: int, alive: bool) -> None:
    with server(kind) as port:
        assert ask(f"stun:127.0.0.1:{port}", timeout_s=2) is alive


def test_silence_is_none() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        assert ask(f"stun:127.0.0.1:{sock.getsockname()[1]}", timeout_s=0.05) is False


def test_over_tcp_a_listener_is_a_sign_of_life() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert ask(f"turns:127.0.0.1:{port}", timeout_s=2) is True
    assert ask(f"turns:127.0.0.1:{port}", timeout_s=0.2) is False


def test_another_request_is_not_an_answer_to_ours() -> None:
    message, transaction = request()
    assert not is_answer(message, transaction)
    assert not is_answer(b"\x01\x01\x00\x00" + MAGIC.to_bytes(4, "big") + bytes(12), transaction)
    assert is_answer(b"\x01\x01\x00\x00" + MAGIC.to_bytes(4, "big") + transaction, transaction)
    assert not is_answer(b"", transaction)
