"""The page: the files of `web_client/`, served as they lie there.

Runs on the event loop; Starlette reads files on its own threads.
Never serves anything outside that folder.
"""

from __future__ import annotations

import mimetypes
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

# Some systems map .js to text/plain, and browsers refuse modules of that type.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")

WEB_ROOT = Path(__file__).resolve().parent.parent / "web_client"


class PageFiles(StaticFiles):
    """Static files that a browser asks for again each time: a new version is seen at once."""

    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        """The file, to be revalidated by its ETag; 404 for what only makes the folder a package."""
        if path.endswith((".py", ".pyc")):
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def mount_page(app: FastAPI, root: Path = WEB_ROOT) -> None:
    """Serve the page at `/`. Call last: it answers every path that no route took.

    Raises FileNotFoundError when the folder is not there.
    """
    if not (root / "index.html").is_file():
        raise FileNotFoundError(f"no page at {root}: the installation is not complete")
    app.mount("/", PageFiles(directory=root, html=True), name="page")
