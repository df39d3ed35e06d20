"""A command's parser: errors in a line, settings last."""

from __future__ import annotations

import pytest

from server.command_parser import Parser, add_settings
from server.settings import setting_keys
from server.settings_load import flag_name


def test_wrong_use_ends_with_2_and_points_to_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser(prog="thing")
    with pytest.raises(SystemExit) as caught:
        parser.error("no such colour")
    assert caught.value.code == 2
    assert capsys.readouterr().err == "thing: no such colour\nsee thing --help\n"


def test_hidden_settings_are_taken() -> None:
    parser = Parser(prog="thing")
    add_settings(parser, ("log",))
    shown = parser.format_help()
    assert "--log-level" in shown and "--server-port" not in shown and "--config" in shown
    assert "the others are taken too" in shown
    assert vars(parser.parse_args(["--port", "9"]))["set:server.port"] == "9"


def test_by_default_all_are_shown() -> None:
    parser = Parser(prog="thing")
    add_settings(parser)
    shown = parser.format_help()
    assert all(flag_name(key) in shown for key in setting_keys())
    assert "the others" not in shown
