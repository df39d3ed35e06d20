"""Plans that are built when they are missing, then loaded: what `SwitchingBackend` waits for.

Any thread; builds run one at a time, wherever `build` puts them.
Never builds twice for one load, and never hides why a plan could not be used.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from engines.backends.base import Backend, Model, Network
from engines.backends.plans import PlanError

log = logging.getLogger(__name__)
Build = Callable[[str], None]
"""Builds the plan of a network by name, and returns when it lies in the store."""


class BuildingBackend:
    """A back-end of plans behind the building of what it lacks."""

    def __init__(self, inner: Backend, build: Build) -> None:
        self.kind = inner.kind
        self._inner = inner
        self._build = build
        # One builder at a time: each may take all memory and cores that there are.
        self._lock = threading.Lock()

    def load(self, model: Model) -> Network:
        """As `Backend.load`; raises, besides, what `build` does."""
        with self._lock:
            try:
                return self._inner.load(model)
            except PlanError as error:
                log.warning("plan is built", extra={"network": model.name, "why": str(error)})
            self._build(model.name)
            return self._inner.load(model)

    def close(self) -> None:
        """As `Backend.close`."""
        self._inner.close()
