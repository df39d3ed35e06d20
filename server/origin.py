"""The start-up guard: `server`, `engines` and `export` must lie beside each other.

Runs once, on the main thread, before anything else of ours is imported.
Never imports the packages it looks for: a foreign one may do anything at import.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("server", "engines", "export")


class ForeignPackage(Exception):
    """A package of one of our names belongs to somebody else."""


def folder_of(package: str) -> Path | None:
    """Where `package` would be imported from, or None when there is none."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).resolve().parent


def check_layout(home: Path | None = None) -> None:
    """Raises ForeignPackage when the packages do not all lie in `home` (default: beside us)."""
    root = home or Path(__file__).resolve().parent.parent
    for package in PACKAGES:
        found = folder_of(package)
        if found != root / package:
            raise ForeignPackage(
                f"the package {package!r} would be imported from {found}, wanted "
                f"{root / package}: another distribution has the same name; use an environment "
                "of its own (make serve makes one)"
            )
