"""What the bench needs besides the default install, and the error that names it.

Runs in the bench's process, before anything is started.
Never installs anything itself.
"""

from __future__ import annotations

import os
import shutil
from importlib import import_module
from types import ModuleType

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_VARIABLE = "CHROMIUM"


class BenchError(Exception):
    """The bench cannot run or could not measure; the message says why and what to do."""


def need(module: str) -> ModuleType:
    """Import a module of the `dev` extra. Raises BenchError naming the remedy."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise BenchError(
            f"{package} is not installed: pip install 'synchrorama-live[dev]' "
            "(from a clone: make install-dev)"
        ) from error


def find_browser() -> str:
    """Path of a Chromium: the environment's choice, else the first on the path."""
    chosen = os.environ.get(BROWSER_VARIABLE)
    if chosen:
        if not os.access(chosen, os.X_OK):
            raise BenchError(f"{BROWSER_VARIABLE}={chosen} is no program that can be run")
        return chosen
    for name in BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    raise BenchError(
        "no Chromium found: apt-get install chromium, or name one in "
        f"{BROWSER_VARIABLE}; without a browser: --peer"
    )
