"""Other people's clients from the npm registry, bundled for a page; tests/e2e/clients pins them.

Runs in the test process.
Never installs anything: `make clients` does, and without it there is a reason to skip.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "e2e" / "clients"
MODULES = FOLDER / "node_modules"
TIMEOUT_S = 120


def why_not() -> str:
    """Why they cannot be used; empty when they can."""
    if shutil.which("node") is None:
        return "no node on PATH (Node 20 or later)"
    if not (MODULES / ".package-lock.json").is_file():
        return "tests/e2e/clients is not installed: run `make clients` (needs npm and its registry)"
    return ""


def run_node(*arguments: str, cwd: Path = FOLDER) -> str:
    """What a program of the packages says. Raises CalledProcessError with its words."""
    done = subprocess.run(
        ["node", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"node {arguments[0]}: {done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def bundle(out: Path) -> str:
    """The clients as one ES module, unmodified: what a page's own bundler would give."""
    run_node(
        "node_modules/esbuild/bin/esbuild",
        "entry.js",
        "--bundle",
        "--format=esm",
        "--log-level=error",
        f"--outfile={out}",
    )
    return out.read_text(encoding="utf-8")
