from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from server.bench.document import SCHEMA, Document, read
from server.bench.needs import BenchError
from server.bench.report import Bar, Result, document, row


def made(kind: str = "latency", *samples: float, commit: str | None = None) -> Document:
    """A document of one row with a bar."""
    bar = Bar("p50", high=300)
    result = Result(kind, f"synchrorama bench {kind}", [row("mouth", "ms", samples, bar)])
    return Document.model_validate(document(result) | {"commit": commit})


def test_what_the_bench_writes_is_of_the_form(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    result = Result("soak", "c", [row("a", "ms", [1, 2.5]), row("b", "", [])], raw={"x": [1]})
    path.write_text(json.dumps(document(result)))
    back = read(path)
    assert back.version == SCHEMA and back.samples("a") == (1.0, 2.5)
    assert back.samples("b") == back.samples("none") == () and back.row("none") is None
    summary = back.rows[0].summary
    assert summary is not None and summary.p95_interval[1] <= 2.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "synchrorama-bench/1"}, "schema"),
        ({"extra": 1}, "extra"),
        ({"rows": [{"name": "a"}]}, "rows.0"),
        ({"kind": "../../etc"}, "kind"),
        ({"machine": {"stolen": "much"}}, "stolen"),
        ({"machine": {"loop_ms": [0]}}, "loop_ms"),
        ({"held": "yes"}, "held"),
        ({"raw": None}, "raw"),
    ],
)
def test_another_form_is_refused_by_name(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(document(Result("soak", "c")) | change))
    with pytest.raises(BenchError, match=said):
        read(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b'{"schema":'])
def test_what_is_no_document_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(BenchError, match=r"run\.json"):
        read(path)
    with pytest.raises(BenchError, match="No such file"):
        read(tmp_path / "none.json")


def test_a_figure_that_is_none_is_never_written() -> None:
    with pytest.raises(ValueError, match="finite"):
        document(Result("soak", "c", [row("a", "ms", [float("nan")])]))
