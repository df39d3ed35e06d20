"""A few texts served over HTTP on loopback: a site of another origin than the server's.

Runs on threads of its own, inside `with`.
Never reads a file: it has what it was given.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KINDS = {"js": "text/javascript", "html": "text/html", "json": "application/json"}


@contextmanager
def small_site(texts: dict[str, str], headers: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve `texts` by path ("/" is index.html); gives the origin. Texts may be added later."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0].lstrip("/") or "index.html"
            body = texts.get(path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", KINDS.get(path.rpartition(".")[2], "text/plain"))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{served.server_port}"
        finally:
            served.shutdown()
            thread.join()
