"""What holds for every test: the avatars of whoever runs them are neither seen nor touched."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Also for processes that tests start."""
    patch = pytest.MonkeyPatch()
    patch.setitem(os.environ, "XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    yield
    patch.undo()
