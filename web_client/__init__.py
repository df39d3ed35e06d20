"""Where the page's files lie.

Imported by the server when it mounts the page; runs on any thread.
Never reads the files itself.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
"""Folder with `index.html`: serve it as it is, there is no build step."""
