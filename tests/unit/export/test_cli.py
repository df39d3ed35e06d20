"""Tests of export.cli."""

from __future__ import annotations

import sys
import types

import pytest

from export import cli


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(" ".join(name) in shown for name in cli.COMMANDS)


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["train", "nonsense"]])
def test_an_unknown_command_is_told(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == 2
    assert "commands:" in capsys.readouterr().err


def test_a_command_gets_the_rest_and_gives_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def run(argv: list[str]) -> int:
        seen.append(argv)
        return 7

    module = types.ModuleType("fake_command")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fake_command", module)
    monkeypatch.setitem(cli.COMMANDS, ("do", "it"), cli.Command("fake_command:run", ""))
    assert cli.main(["do", "it", "--fast"]) == 7
    assert seen == [["--fast"]]
