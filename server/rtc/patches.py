"""One replacement of one name in a foreign module, checked before it is made and undoable.

Used at start-up on the main thread.
Never replaces a name that is not there: a library that changed is told by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

TESTED = {"aiortc": "1.15 to 1.16", "aioice": "0.13"}
"""Versions whose source these replacements were read against."""


class IncompatibleLibrary(RuntimeError):
    """A private name that a hardening replaces is gone from the installed version."""


@dataclass(frozen=True)
class Patch:
    """Set `owner.name` to `value`."""

    library: str
    """Distribution that owns the name, for the message."""
    owner: Any
    name: str
    value: Any

    def apply(self) -> Patch:
        """Make the replacement; return the patch that undoes it. Raises IncompatibleLibrary."""
        if not hasattr(self.owner, self.name):
            raise missing(self.library, f"{_name(self.owner)}.{self.name}")
        undo = Patch(self.library, self.owner, self.name, _held(self.owner, self.name))
        setattr(self.owner, self.name, self.value)
        return undo


def require_attribute(library: str, function: Any, name: str) -> None:
    """Raise IncompatibleLibrary unless `function` uses the (mangled) attribute `name`."""
    if name not in function.__code__.co_names:
        raise missing(library, f"{function.__qualname__}: {name}")


def missing(library: str, what: str) -> IncompatibleLibrary:
    """The error for a name that is gone."""
    return IncompatibleLibrary(
        f"{library} {version(library)} has no {what}; tested with {library} "
        f"{TESTED[library]}: install such a version"
    )


def _held(owner: Any, name: str) -> Any:
    # A class attribute is taken raw: getattr would run a property and lose it.
    return vars(owner).get(name, getattr(owner, name))


def _name(owner: Any) -> str:
    return str(getattr(owner, "__qualname__", getattr(owner, "__name__", owner)))
