"""What routes are given."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from server.backend import EngineBackend
from server.services import Backend, Services, services, services_of
from tests.support.fake_backend import FakeBackend


async def test_a_request_finds_the_services_of_its_app() -> None:
    marker: Any = object()
    app = SimpleNamespace(state=SimpleNamespace(services=marker))
    request = Request({"type": "http", "app": app, "headers": []})
    assert await services(request) is marker
    assert services_of(request) is marker


def test_services_are_frozen() -> None:
    thing: Any = object()
    served = Services(*[thing] * 7)
    with pytest.raises(FrozenInstanceError):
        served.settings = thing  # type: ignore[misc]


@pytest.mark.parametrize("kind", [EngineBackend, FakeBackend])
def test_the_real_backend_and_the_fake_are_backends(kind: type) -> None:
    for name, member in vars(Backend).items():
        if name.startswith("_") or not callable(member):
            continue
        wanted = list(inspect.signature(member).parameters)
        assert list(inspect.signature(getattr(kind, name)).parameters) == wanted
