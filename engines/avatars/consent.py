"""The consent record of a user's avatar: who agreed, when, to what, for which picture.

Any thread; plain data and one small JSON file inside the avatar's folder, covered by its hashes.
Never made up: the words come from the person, and built-in avatars (nobody) have none.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

SCHEMA = 1
FILE = "consent.json"
MIN_STATEMENT, MAX_STATEMENT = 12, 4000
MAX_BY = 120
_MAX_FILE_BYTES = 64 * 1024
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SHA256 = re.compile(r"[0-9a-f]{64}")
EXAMPLE = "I am the person in this photo and agree that it is made to speak."


class BadConsent(Exception):
    """No consent that could be kept; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed, when, to what, for which picture."""

    statement: str
    by: str
    """Who gave it; may be empty."""
    when: str
    """UTC, ISO 8601, seconds."""
    image_sha256: str
    """Of the original file's bytes, a photo's or a video's."""
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        """Raises BadConsent."""
        _text("the consent statement", self.statement, MIN_STATEMENT, MAX_STATEMENT)
        _text("the name of who gives consent", self.by, 0, MAX_BY)
        if not isinstance(self.image_sha256, str) or not _SHA256.fullmatch(self.image_sha256):
            raise BadConsent("the consent names no picture by its SHA-256; give the consent again")
        if self.schema != SCHEMA:
            raise BadConsent(f"consent of schema {self.schema}, this program reads {SCHEMA}")
        try:
            when = datetime.fromisoformat(self.when)
        except (TypeError, ValueError) as error:
            raise BadConsent("the time of the consent is no ISO 8601 time") from error
        if when.utcoffset() is None:
            raise BadConsent("the time of the consent has no time zone; write it in UTC")

    def to_json(self) -> bytes:
        """As kept in the folder."""
        return (json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def give(statement: str, by: str, image: bytes, when: datetime | None = None) -> Consent:
    """A record for the file `image`, given now. Raises BadConsent."""
    return give_for(statement, by, hashlib.sha256(image).hexdigest(), when)


def give_for(statement: str, by: str, sha256: str, when: datetime | None = None) -> Consent:
    """A record for the file with that hash, given now. Raises BadConsent."""
    now = (when or datetime.now(UTC)).astimezone(UTC)
    return Consent(
        statement=statement.strip(),
        by=by.strip(),
        when=now.isoformat(timespec="seconds"),
        image_sha256=sha256,
    )


def statement_in(path: Path) -> str:
    """The words in a text file. Raises BadConsent, OSError."""
    with path.open("rb") as file:
        words = file.read(_MAX_FILE_BYTES + 1)
    try:
        return words.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadConsent(f"{path} is not UTF-8 text; give a plain text file") from error


def from_json(data: bytes) -> Consent:
    """Raises BadConsent."""
    try:
        row = json.loads(data.decode("utf-8"))
        return Consent(**row)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadConsent("the consent record cannot be read; give the consent again") from error


def read(folder: Path) -> Consent | None:
    """The record in an avatar's folder; None for one that has none. Raises BadConsent."""
    path = folder / FILE
    if not path.is_file():
        return None
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise BadConsent("the consent record is too large to be one")
    return from_json(path.read_bytes())


def _text(what: str, text: object, low: int, high: int) -> None:
    if not isinstance(text, str):
        raise BadConsent(f"{what} is not text")
    if len(text.strip()) < low:
        raise BadConsent(f"{what} is missing or too short; write who agrees to what, as: {EXAMPLE}")
    if len(text) > high:
        raise BadConsent(f"{what} has {len(text)} characters and may have {high}; shorten it")
    if _CONTROL.search(text):
        raise BadConsent(f"{what} has control characters in it; write plain text")
