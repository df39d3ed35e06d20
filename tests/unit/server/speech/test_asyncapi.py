"""docs/speak.asyncapi.yaml is what the models say, and its references lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.speech.asyncapi import document, text
from server.speech.messages import SENT, TOLD

FILE = Path(__file__).parents[4] / "docs" / "speak.asyncapi.yaml"


def test_the_file_is_up_to_date() -> None:
    remedy = "python -m server.speech.asyncapi > docs/speak.asyncapi.yaml"
    assert FILE.read_text(encoding="utf-8") == text(), remedy


def test_the_file_is_yaml() -> None:
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(FILE.read_text(encoding="utf-8")) == document()


def references(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if isinstance(tree.get("$ref"), str):
            yield tree["$ref"]
        for value in tree.values():
            yield from references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from references(value)


def test_every_reference_leads_somewhere_and_every_message_is_there() -> None:
    made = document()
    for reference in references(made):
        place: Any = made
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    assert len(made["components"]["messages"]) == len(SENT) + len(TOLD) + 1
    told = made["operations"]["tell"]["messages"]
    assert len(told) == len(TOLD)
