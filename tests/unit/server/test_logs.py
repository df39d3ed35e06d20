"""Log lines."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator

import pytest

from server.logs import JsonFormatter, TextFormatter, install_logging, session_context
from server.settings import LogSettings


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("t").makeRecord(
        "t", logging.INFO, "f", 1, message, (), None, extra=extra or None
    )
    return made


def test_a_text_line_has_time_level_session_message_and_facts() -> None:
    with session_context("abcdefghijkl"):
        line = TextFormatter().format(record("it is", size=5, why="two words"))
    assert line.split(" ", 1)[1] == 'info t session=abcdefgh it is size=5 why="two words"'


def test_a_line_stays_one_line_whatever_was_sent() -> None:
    line = TextFormatter().format(record("a\nfake line", name_="x\r\ny"))
    assert "\n" not in line
    assert "\r" not in line


def test_json_lines_are_objects() -> None:
    facts = json.loads(JsonFormatter().format(record("hello", size=5)))
    assert facts["message"] == "hello"
    assert facts["size"] == 5
    assert facts["session"] == "-"
    assert facts["time"].endswith("+00:00")


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_a_traceback_follows(formatter: logging.Formatter) -> None:
    made = record("failed")
    try:
        raise ValueError("why")
    except ValueError as error:
        made.exc_info = (ValueError, error, error.__traceback__)
    assert "ValueError: why" in formatter.format(made)


def test_the_whole_session_id_is_never_written() -> None:
    with session_context("secret-capability"):
        assert "secret-capability" not in TextFormatter().format(record("x"))


def test_the_session_does_not_leak_to_other_threads_or_later_lines() -> None:
    lines: list[str] = []
    with session_context("abcdefgh"):
        other = threading.Thread(target=lambda: lines.append(TextFormatter().format(record("x"))))
        other.start()
        other.join()
    lines.append(TextFormatter().format(record("x")))
    assert all("session=-" in line for line in lines)


@pytest.fixture
def kept_root() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield root
    root.handlers, root.level = handlers, level


def test_install_writes_to_standard_error_once(
    kept_root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    install_logging(LogSettings(format="json", level="warning"))
    install_logging(LogSettings(format="json", level="warning"))
    logging.getLogger("any").warning("told")
    logging.getLogger("any").info("not told")
    kept_root.handlers[0].close()
    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["told"]


def test_addresses_of_users_are_not_logged_at_info(kept_root: logging.Logger) -> None:
    install_logging(LogSettings())
    assert not logging.getLogger("aioice").isEnabledFor(logging.INFO)
    assert logging.getLogger("server").isEnabledFor(logging.INFO)
