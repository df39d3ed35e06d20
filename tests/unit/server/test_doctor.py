"""The doctor's report; the checks are fakes."""

from __future__ import annotations

import json

from server.doctor import Finding, as_json, as_text, examine
from server.settings import Settings


def broken(settings: Settings) -> Finding:
    raise ImportError("libfoo.so is missing")


def fine(settings: Settings) -> Finding:
    return Finding("ports", "ok", "free", "never shown")


def slow(settings: Settings) -> Finding:
    return Finding("cores", "warn", "one core", "use two")


def test_a_check_that_breaks_is_a_finding_and_the_rest_go_on() -> None:
    findings = examine(Settings(), [("runtime", broken), ("ports", fine)])
    assert [finding.state for finding in findings] == ["fail", "ok"]
    assert findings[0].said == "ImportError: libfoo.so is missing"
    assert findings[0].remedy


def test_the_report_says_what_to_do_about_what_is_not_well() -> None:
    text = as_text(examine(Settings(), [("runtime", broken), ("p", fine), ("c", slow)]))
    lines = text.splitlines()
    assert lines[0].startswith("FAIL  runtime")
    assert "-> reinstall" in lines[1]
    assert lines[2] == "ok    ports    free"
    assert lines[4].strip() == "-> use two"
    assert lines[-1] == "the server cannot work so; to be mended: runtime"
    assert "never shown" not in text


def test_when_all_is_well_it_says_so() -> None:
    assert as_text(examine(Settings(), [("p", fine)])).endswith("everything the server needs works")


def test_as_json() -> None:
    rows = json.loads(as_json([slow(Settings())]))
    assert rows == [{"name": "cores", "state": "warn", "said": "one core", "remedy": "use two"}]
