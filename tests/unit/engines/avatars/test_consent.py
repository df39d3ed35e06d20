"""Consent is kept whole or not at all."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.avatars.consent import (
    EXAMPLE,
    FILE,
    MAX_BY,
    MAX_STATEMENT,
    BadConsent,
    from_json,
    give,
    read,
)

IMAGE = b"the bytes of a photo"


def test_it_says_who_when_what_and_for_which_picture() -> None:
    when = datetime(2026, 3, 4, 15, 6, 7, tzinfo=timezone(timedelta(hours=2)))
    consent = give(f"  {EXAMPLE}\n", " Zoe ", IMAGE, when)
    assert (consent.statement, consent.by) == (EXAMPLE, "Zoe")
    assert consent.when == "2026-03-04T13:06:07+00:00"
    assert consent.image_sha256 == hashlib.sha256(IMAGE).hexdigest()


def test_now_is_the_default() -> None:
    age = datetime.now(UTC) - datetime.fromisoformat(give(EXAMPLE, "", IMAGE).when)
    assert timedelta() <= age < timedelta(minutes=1)


@given(
    st.text(st.characters(exclude_categories=["C"]), min_size=12, max_size=200).filter(
        lambda t: len(t.strip()) >= 12
    )
)
def test_what_is_written_is_read(statement: str) -> None:
    consent = give(statement, "Jörg Åß 李", IMAGE)
    assert from_json(consent.to_json()) == consent


@pytest.mark.parametrize(
    ("statement", "by", "said"),
    [
        ("", "Zoe", "too short"),
        ("   \n ok   ", "Zoe", "agrees to what"),
        ("x" * (MAX_STATEMENT + 1), "Zoe", "shorten"),
        (EXAMPLE, "x" * (MAX_BY + 1), "shorten"),
        (EXAMPLE + "\x00", "", "control"),
        (EXAMPLE, "Zoe\x1b[2J", "control"),
        (EXAMPLE + "\ud800", "", "control"),
    ],
)
def test_what_is_no_consent_is_refused(statement: str, by: str, said: str) -> None:
    with pytest.raises(BadConsent, match=said):
        give(statement, by, IMAGE)


@pytest.mark.parametrize(
    "change",
    [
        {"when": "yesterday"},
        {"when": "2026-03-04T13:06:07"},
        {"when": 3},
        {"image_sha256": "abc"},
        {"image_sha256": None},
        {"schema": 2},
        {"statement": 5},
        {"by": None},
        {"extra": 1},
    ],
)
def test_a_changed_record_is_refused(change: dict[str, object]) -> None:
    row = json.loads(give(EXAMPLE, "Zoe", IMAGE).to_json())
    with pytest.raises(BadConsent):
        from_json(json.dumps({**row, **change}).encode())


@given(st.binary(max_size=60))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BadConsent):
        from_json(data)


def test_in_a_folder(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    consent = give(EXAMPLE, "", IMAGE)
    (tmp_path / FILE).write_bytes(consent.to_json())
    assert read(tmp_path) == consent
    (tmp_path / FILE).write_bytes(b" " * 100_000)
    with pytest.raises(BadConsent, match="too large"):
        read(tmp_path)
