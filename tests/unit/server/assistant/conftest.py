"""One scripted provider for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.provider import Provider


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running
