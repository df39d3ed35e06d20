from __future__ import annotations

from typing import Any

import pytest

from server.bench.analyse import Shown
from server.bench.browser import (
    CLIENT_FOLDER,
    PAGE_FOLDER,
    PREFIX,
    measuring_browser,
    merge,
    recording,
    resource,
)
from server.bench.needs import BenchError


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("", PAGE_FOLDER / "index.html"),
        ("measure.js", PAGE_FOLDER / "measure.js"),
        ("client/synchrorama.js", CLIENT_FOLDER / "synchrorama.js"),
        ("client/client/link.js", CLIENT_FOLDER / "client" / "link.js"),
    ],
)
def test_page_and_product_client_are_served(path: str, file: Any) -> None:
    assert resource(PREFIX + path) == file


@pytest.mark.parametrize(
    "path", ["/v1/sessions", f"{PREFIX}absent.js", f"{PREFIX}../latency.py", f"{PREFIX}client/../x"]
)
def test_nothing_else_is_served(path: str) -> None:
    assert resource(path) is None


def page_rows() -> dict[str, Any]:
    return {
        "shown": [
            {
                "expected_ms": 10.0,
                "frame": 3,
                "sent_ms": 7,
                "presented": 1,
                "receive_ms": 8.0,
                "moved": 0.5,
            }
        ],
        "heard": [5000.0],
        "echo": [5200.0],
        "reports": [{"arrived_ms": 5001.0, "onset_pts": 640, "heard_ms": 5000}],
        "frames": [{"frame": 3, "drawn_ms": 6}],
        "events": [],
        "unreadable": 2,
    }


def test_parts_join_and_become_a_recording() -> None:
    raw = merge([page_rows(), page_rows()])
    assert raw["unreadable"] == [2, 2]
    found = recording(raw)
    assert found.heard_ms == [5000.0, 5000.0]
    assert found.echo_ms == pytest.approx([5200.0, 5200.0])
    assert found.shown[0] == Shown(10.0, 3, 7, 1, 8.0, 0.5, drawn_ms=6.0)
    assert found.reports[1].onset_pts == 640


def test_nothing_recorded_is_an_empty_recording() -> None:
    found = recording(merge([]))
    assert found.heard_ms == [] and found.shown == []


async def test_no_browser_is_a_named_error(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("playwright")
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "absent"))
    with pytest.raises(BenchError, match="CHROMIUM"):
        async with measuring_browser("http://127.0.0.1:1", tmp_path / "a.wav"):
            pass
