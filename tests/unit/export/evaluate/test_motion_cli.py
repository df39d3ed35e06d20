"""`evaluate motion`: promises are measured; missing data is told."""

from __future__ import annotations

import pytest

from export.evaluate.motion_cli import promise_rows
from tests.support.fake_face import fake_face
from tests.support.voices import voice


def test_promises(capsys: pytest.CaptureFixture[str]) -> None:
    rows = promise_rows(fake_face(), voice(2.0))
    assert rows["one seed repeats"] == 1.0
    assert rows["any chunking, same motion"] == 1.0
    assert rows["two seeds differ (mean abs)"] > 0
    assert "ms a frame" in capsys.readouterr().out
