"""What a section of the settings is made of: fields with a default, a reason and limits.

Plain data, read by every thread.
Never reads a file, an environment variable or a flag.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar


class SettingsError(ValueError):
    """A setting is unknown or has a wrong value; the message says which and what to do."""


def option(
    default: Any,
    help_text: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[object, ...] = (),
) -> Any:
    """One field of a section: its default, one line of help, and the values it may have."""
    metadata = {"help": help_text, "low": low, "high": high, "choices": choices}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: MappingProxyType(dict(default)), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Section:
    """Base of the sections: checks every field against the limits declared beside it."""

    SECTION: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """Raises SettingsError naming the key, what it got and what it wanted."""
        for item in fields(self):
            _check(f"{self.SECTION}.{item.name}", getattr(self, item.name), item.metadata)


def _check(key: str, value: object, metadata: Mapping[str, Any]) -> None:
    choices, low, high = metadata["choices"], metadata["low"], metadata["high"]
    if choices and value not in choices:
        wanted = ", ".join(str(choice) for choice in choices)
        raise SettingsError(f"{key}: got {value!r}, wanted one of {wanted}")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if not ((low is None or value >= low) and (high is None or value <= high)):
        bounds = f"at least {low}" if high is None else f"{low} to {high}"
        raise SettingsError(f"{key}: got {value!r}, wanted {bounds}")
