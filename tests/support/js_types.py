"""The client module's type declarations, written by TypeScript from its comments.

Runs in the test process, or as `python -m tests.support.js_types` to write them anew.
Never touches the scripts themselves.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.support.npm_clients import run_node

WEB = Path(__file__).parents[2] / "web_client"
TYPES = WEB / "types"
TSC = "node_modules/typescript/bin/tsc"
TARGET = (
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--moduleResolution",
    "nodenext",
    "--lib",
    "es2023,dom,dom.iterable",
)


def written(folder: Path) -> dict[str, str]:
    """Check the scripts' types and write their declarations into `folder`; text by path."""
    out = ("--skipLibCheck", "--allowJs", "--checkJs", "--declaration", "--emitDeclarationOnly")
    run_node(TSC, *out, *TARGET, "--outDir", str(folder), str(WEB / "synchrorama.js"))
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.d.ts"))
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in written(Path(scratch)).items():
            path = TYPES / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
