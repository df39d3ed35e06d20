"""A speech API's HTTP side, for tests: OpenAI's /audio/speech, well and badly, on a thread."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np

RATE_HZ = 24_000
PIECE = np.full(2400, 9000, "<i2").tobytes()
"""100 ms."""
STATUS = {"denied": 401, "forbidden": 403, "busy": 429, "broken": 500, "gone": 404}


class SpeechServer(ThreadingHTTPServer):
    """Answers by the model that is asked for; use as a context manager."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.hung_up = threading.Event()
        """A client went away in the middle of a reply."""
        self.let_go = threading.Event()
        """Ends the replies that hang."""
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: SpeechServer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({**asked, "key": self.headers["Authorization"]})
        try:
            self._answer(asked["model"], len(asked["input"]))
        except (BrokenPipeError, ConnectionResetError):
            self.server.hung_up.set()
        self.close_connection = True

    def _answer(self, model: str, letters: int) -> None:
        if model in STATUS:
            body = b'{"error": {"message": "no"}}'
            self._head(STATUS[model], "application/json", len(body))
            self.wfile.write(body)
        elif model == "silent":
            self.server.let_go.wait(20)
        elif model == "page":
            self._head(200, "text/html", 4)
            self.wfile.write(b"<p/>")
        elif model == "endless":
            self._head(200, "audio/pcm", 10**9)
            for _ in range(20_000):
                self.wfile.write(PIECE)
        else:
            self._sound(model, max(1, letters // 2))

    def _sound(self, model: str, pieces: int) -> None:
        odd = b"x" if model == "odd" else b""
        self._head(200, "audio/pcm", len(PIECE) * pieces + len(odd))
        for index in range(pieces):
            if model == "half" and index == pieces // 2:
                return
            if model == "stuck" and index:
                self.server.let_go.wait(20)
            self.wfile.write(PIECE)
        self.wfile.write(odd)

    def _head(self, status: int, kind: str, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        if status == 429:
            self.send_header("Retry-After", "7")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the tests' output."""
