"""What to type to get an optional part of the package.

Pure; any thread.
Never installs anything.
"""

from __future__ import annotations


def install_hint(extra: str) -> str:
    """How to install `extra` of pyproject.toml, from a registry and from a clone."""
    return (
        f"install the extra `{extra}`: pip install 'synchrorama-live[{extra}]' "
        # -e and the constraints: without them a copy would take the place of the clone.
        f"(from a clone: .venv/bin/pip install -c constraints.txt -e '.[{extra}]')"
    )
