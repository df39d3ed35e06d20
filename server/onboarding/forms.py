"""A multipart/form-data body (RFC 7578) taken apart.

Pure; called on the loader thread, as a photo of 32 MiB takes some milliseconds.
Never writes a file and never uses the name that a client gives one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_PARTS = 16
MAX_HEADER_BYTES = 2048
MAX_TEXT_BYTES = 32 * 1024
_KIND = re.compile(r"multipart/form-data\s*(?:;|$)", re.IGNORECASE)
_BOUNDARY = re.compile(
    r""";\s*boundary=(?:"([0-9A-Za-z'()+_,./:=? -]{1,70})"|([0-9A-Za-z'()+_,./:=?-]{1,70}))""",
    re.IGNORECASE,
)
_NAME = re.compile(rb'(?:^|;)\s*name="([^"\r\n]{1,64})"', re.IGNORECASE)
_FILE = re.compile(rb"(?:^|;)\s*filename\*?=", re.IGNORECASE)


class BadForm(Exception):
    """A body that is no such form; the text says why."""


@dataclass(frozen=True, slots=True)
class Form:
    """Texts and files by field name."""

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def is_form(content_type: str) -> bool:
    """Whether the header announces such a body."""
    return _KIND.match(content_type) is not None


def read_form(content_type: str, body: bytes) -> Form:
    """Raises BadForm."""
    found = _BOUNDARY.search(content_type)
    if not is_form(content_type) or found is None:
        raise BadForm("the content type names no boundary")
    line = b"--" + (found[1] or found[2]).encode("ascii")
    form = Form()
    if not body.startswith(line):
        raise BadForm("the body does not begin with its boundary")
    at = len(line)
    for _ in range(MAX_PARTS + 1):
        if body.startswith(b"--", at):
            return form
        end = body.find(b"\r\n" + line, at)
        if end < 0 or not body.startswith(b"\r\n", at):
            raise BadForm("the body ends within a part")
        _take(form, body, at, end)
        at = end + 2 + len(line)
    raise BadForm(f"the body has more than {MAX_PARTS} parts")


def _take(form: Form, body: bytes, start: int, end: int) -> None:
    """Add the part whose line break before its headers is at `start`."""
    split = body.find(b"\r\n\r\n", start, min(end + 4, start + MAX_HEADER_BYTES))
    if split < 0:
        raise BadForm("a part has no headers, or endless ones")
    name, is_file = _disposition(body[start + 2 : split])
    if name in form.texts or name in form.files:
        raise BadForm(f"the field {name} is there twice")
    content = body[split + 4 : end]
    if is_file:
        form.files[name] = content
        return
    if len(content) > MAX_TEXT_BYTES:
        raise BadForm(f"the field {name} is longer than {MAX_TEXT_BYTES} bytes")
    try:
        form.texts[name] = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadForm(f"the field {name} is not UTF-8 text") from error


def _disposition(headers: bytes) -> tuple[str, bool]:
    for header in headers.split(b"\r\n"):
        key, _, value = header.partition(b":")
        if key.strip().lower() != b"content-disposition":
            continue
        kind, _, rest = value.strip().partition(b";")
        name = _NAME.search(b";" + rest)
        if kind.strip().lower() == b"form-data" and name is not None:
            try:
                return name[1].decode("utf-8"), _FILE.search(b";" + rest) is not None
            except UnicodeDecodeError as error:
                raise BadForm("a field's name is not UTF-8") from error
    raise BadForm("a part has no name")
