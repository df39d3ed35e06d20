"""Structured log lines, as key=value or JSON, with the session on each line.

Any thread may log; one thread writes to standard error (`server.log_writer`).
Never writes what a user said or showed, nor a whole session id: the id is a capability, so lines
carry its first eight characters.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from server.log_writer import LogWriter
from server.settings import LogSettings

_session: ContextVar[str] = ContextVar("session", default="-")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


@contextmanager
def session_context(session_id: str) -> Iterator[None]:
    """Put the session on every line logged inside, tasks started inside included."""
    token = _session.set(session_id[:8])
    try:
        yield
    finally:
        _session.reset(token)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    facts: dict[str, object] = {
        "time": when,
        "level": record.levelname.lower(),
        "logger": record.name,
        "session": _session.get(),
        "message": record.getMessage(),
    }
    facts.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
    return facts


class TextFormatter(logging.Formatter):
    """`time level logger session=… message key=value …`, one line, then a traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        facts = _facts(record)
        head = [str(facts.pop(key)) for key in ("time", "level", "logger")]
        session, message = facts.pop("session"), facts.pop("message")
        tail = [f"{key}={_word(value)}" for key, value in facts.items()]
        line = " ".join([*head, f"session={session}", _one_line(str(message)), *tail])
        return line + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")


class JsonFormatter(logging.Formatter):
    """One JSON object a line; a traceback is its `exception` field."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as JSON."""
        facts = _facts(record)
        if record.exc_info:
            facts["exception"] = self.formatException(record.exc_info)
        return json.dumps(facts, default=str, ensure_ascii=False)


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _word(value: object) -> str:
    text = _one_line(str(value))
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text


def _shows_no_path(record: logging.LogRecord) -> bool:
    # Uvicorn tells of each websocket with its whole path, on the logger that also tells of faults.
    return '"WebSocket %s"' not in str(record.msg)


def rest_logging() -> None:
    """Write what is left and end the writing thread, until there is another line."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogWriter):
            handler.close()


def install_logging(settings: LogSettings) -> None:
    """Send every logger of the process to standard error in the chosen form. Idempotent."""
    handler = LogWriter(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.format == "json" else TextFormatter())
    rest_logging()
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    # Their info lines are per connection and per candidate: addresses of users.
    for name in ("aioice", "aiortc", "websockets", "uvicorn.access"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("uvicorn.error").addFilter(_shows_no_path)
