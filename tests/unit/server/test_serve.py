"""Binding, addresses and how uvicorn is run; the process itself is in test_lifecycle.py."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from server.app import create_app
from server.gallery import Gallery
from server.serve import address, bind, make_server, serve
from server.settings import ServerSettings, Settings
from server.settings_section import SettingsError
from tests.support.fake_backend import FakeBackend, FakeStore

ANY = Settings(server=ServerSettings(port=0))


@pytest.fixture
def kept_signals() -> Iterator[None]:
    import logging

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    root.handlers, root.level = handlers, level


def test_a_taken_port_names_itself_and_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port}.*--port"):
            bind(ServerSettings(port=port))


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("192.0.2.1", r"cannot listen on 192\.0\.2\.1"),
        ("999.1.1.1", r"'999\.1\.1\.1' cannot be resolved"),
        ("::zz", "'::zz' cannot be resolved"),
        ("h\0x", "cannot be resolved"),
    ],
)
def test_an_address_that_is_not_ours_is_the_hosts_fault(host: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"^server.host: .*{said}.*; give --host"):
        bind(ServerSettings(host=host, port=0))


@pytest.mark.parametrize(
    ("host", "start"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("0.0.0.0", "http://localhost:"),
        ("::1", "http://[::1]:"),
    ],
)
def test_the_address_can_be_opened(host: str, start: str) -> None:
    settings = ServerSettings(host=host, port=0)
    with bind(settings) as bound:
        assert address(settings, bound) == f"{start}{bound.getsockname()[1]}"
        secure = ServerSettings(tls_certificate="c.pem", tls_key="k.pem")
        assert address(secure, bound).startswith("https://")


def test_uvicorn_is_run_without_deprecated_parts_and_without_paths_in_its_log() -> None:
    server = make_server(create_app(ANY, FakeBackend(), page=False), ANY.server)
    config = server.config
    config.load()
    assert "sansio" in config.ws_protocol_class.__module__
    assert config.access_log is False
    assert config.loop == "uvloop"


class Announced:
    """Sends a signal to this process, or a fault to the server, once it answers."""

    def __init__(self, backend: FakeBackend, fault: bool) -> None:
        self._backend = backend
        self._fault = fault
        self.urls: list[str] = []

    def __call__(self, url: str) -> None:
        self.urls.append(url)
        if self._fault:
            assert self._backend.on_fault is not None
            self._backend.on_fault(None, RuntimeError("x"))
        else:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(("fault", "status"), [(False, 0), (True, 1)])
def test_a_signal_ends_it_with_0_and_a_fault_with_1(
    kept_signals: None, fault: bool, status: int
) -> None:
    backend = FakeBackend()
    announced = Announced(backend, fault)
    before = set(threading.enumerate())
    assert serve(ANY, backend, announce=announced) == status
    assert announced.urls[0].startswith("http://127.0.0.1:")
    assert backend.stops == 1
    assert set(threading.enumerate()) <= before


def test_without_avatars_it_does_not_begin(kept_signals: None) -> None:
    with pytest.raises(SettingsError, match="there is no avatar"):
        serve(ANY, FakeBackend(store=FakeStore(())))


def test_a_gallery_and_the_server_agree_on_the_default() -> None:
    gallery = Gallery(FakeStore(), None)
    assert gallery.default == "ada"
    gallery.close()
