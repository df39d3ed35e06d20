from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from server.bench.needs import BenchError
from server.bench.service import Service, free_port, parse_metrics, service

SERVER = """
import http.server, os, pathlib, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = {"/metrics": b"# TYPE a gauge\\na{b=\\"c\\"} 2\\n"}.get(self.path, b"{\\"ok\\": 1}")
        self.send_response(404 if self.path == "/absent" else 200)
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *args): pass
assert os.environ["SYNCHRORAMA_MEDIA_PLAYOUT_DELAY_MS"] == "180"
port = int(os.environ["SYNCHRORAMA_SERVER_PORT"])
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
SETTINGS = {"media.playout_delay_ms": "180"}


async def test_a_server_is_started_asked_and_stopped(tmp_path: Path) -> None:
    program = tmp_path / "fake.py"
    program.write_text(SERVER)
    async with service(None, SETTINGS, command=(sys.executable, str(program))) as under_test:
        assert under_test.pid is not None
        pid = under_test.pid
        assert under_test.settings["media.playout_delay_ms"] == "180"
        assert await under_test.json("GET", "/v1/capabilities") == {"ok": 1}
        assert await under_test.json("POST", "/v1/sessions", {"a": 1}) == {"ok": 1}
        assert await under_test.metrics() == {"a{b=c}": 2.0}
        with pytest.raises(BenchError, match="404"):
            await under_test.json("GET", "/absent")
        async with service(under_test.url + "/", {}) as pointed_at:
            assert pointed_at == Service(under_test.url, None, {})
    assert not psutil.pid_exists(pid)


async def test_a_server_that_ends_shows_its_last_words() -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('port is taken')")
    with pytest.raises(BenchError, match="(?s)ended with 1.*port is taken"):
        async with service(None, {}, command=command):
            pass


async def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(BenchError, match="is the server running"):
        async with service(f"http://127.0.0.1:{free_port()}", {}):
            pass


def test_metrics_are_read_with_their_labels() -> None:
    text = '# TYPE up counter\nup_total{z="1",a="2"} 3\n# TYPE plain gauge\nplain 0.5\n'
    assert parse_metrics(text) == {"up_total{a=2,z=1}": 3.0, "plain": 0.5}


def test_several_processes_are_summed() -> None:
    text = (
        '# TYPE a gauge\na{b="c",process="media-0"} 2\na{b="c",process="media-1"} 3\n'
        '# TYPE d gauge\nd{process="engine"} 0.5\n'
    )
    assert parse_metrics(text) == {"a{b=c}": 5.0, "d": 0.5}
