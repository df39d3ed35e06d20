from __future__ import annotations

from pathlib import Path

import pytest

from server.bench import needs


def test_a_module_that_is_there_is_given() -> None:
    assert needs.need("json.decoder").JSONDecoder is not None


def test_a_missing_module_names_the_extra() -> None:
    with pytest.raises(needs.BenchError, match=r"absent_library.*\[dev\]"):
        needs.need("absent_library.part")


def test_the_chosen_browser_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mine"
    program.touch(mode=0o755)
    monkeypatch.setenv(needs.BROWSER_VARIABLE, str(program))
    assert needs.find_browser() == str(program)
    monkeypatch.setenv(needs.BROWSER_VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(needs.BenchError, match="no program"):
        needs.find_browser()


def test_a_browser_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(needs.BROWSER_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(needs.BenchError, match="--peer"):
        needs.find_browser()
    (tmp_path / "google-chrome").touch(mode=0o755)
    assert needs.find_browser() == str(tmp_path / "google-chrome")
