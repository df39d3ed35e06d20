"""A real server for the plugins' tests, run by an interpreter that has its packages.

SYNCHRORAMA_SERVER_PYTHON names it (`make plugins` does); the plugins' own environment lacks them.
Never leaves the server behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server_process import ServerProcess

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all: small pictures, drawn without diffusion to be quick."""
    python = os.environ.get("SYNCHRORAMA_SERVER_PYTHON", str(ROOT / ".venv" / "bin" / "python"))
    folder = tmp_path_factory.mktemp("server")
    settings = {
        "SYNCHRORAMA_RENDER_RENDERER": "motion-frame",
        "SYNCHRORAMA_SESSION_SIZE": "256",
        "SYNCHRORAMA_SESSION_ADMISSION": "cap",
        "XDG_DATA_HOME": str(folder),
    }
    with ServerProcess(folder / "server.log", settings, python=python) as server:
        yield server.url
