from __future__ import annotations

import io
import logging
import threading

import pytest

from server import log_writer
from server.log_writer import LogWriter


class Stalled(io.StringIO):
    """Takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        assert self.go.wait(60)
        return super().write(text)


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("t", logging.INFO, "f", 1, message, args, None)


def test_lines_are_written_in_order_and_all_of_them_at_the_end() -> None:
    stream = io.StringIO()
    writer = LogWriter(stream)
    for index in range(500):
        writer.emit(record(f"line {index}"))
    writer.close()
    writer.close()
    assert stream.getvalue().splitlines() == [f"line {index}" for index in range(500)]


def test_a_stream_that_takes_nothing_stops_nobody_and_loses_the_oldest() -> None:
    stream = Stalled()
    writer = LogWriter(stream, lines=4)
    writer.emit(record("first"))
    assert stream.entered.wait(60)
    # None of these may wait: this thread is also the one that lets the stream go.
    for index in range(10):
        writer.emit(record(f"line {index}"))
    stream.go.set()
    writer.close()
    lines = stream.getvalue().splitlines()
    assert lines == ["first", "6 log lines were dropped: the log took none", *(
        f"line {index}" for index in range(6, 10)
    )]  # fmt: skip


def test_the_end_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "FLUSH_S", 0.01)
    stream = Stalled()
    writer = LogWriter(stream)
    writer.emit(record("first"))
    writer.close()
    stream.go.set()


def test_a_closed_stream_and_a_bad_record_are_survived(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = io.StringIO()
    writer = LogWriter(stream)
    stream.close()
    writer.emit(record("nobody reads this"))
    writer.emit(record("%d", "no number"))
    writer.close()
    assert "no number" in capsys.readouterr().err
