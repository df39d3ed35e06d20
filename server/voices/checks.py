"""What is checked of a text and a voice before any provider begins.

Pure; used by every provider.
Never changes what is said: control characters alone become blanks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from server.voices.faults import TextTooLong, UnknownVoice
from server.voices.values import MAX_TEXT, Voice

NAMED = 5
"""Voices that a message names."""


def clean(text: str) -> str:
    """`text`, as long as before, without control characters. Raises TextTooLong."""
    if len(text) > MAX_TEXT:
        raise TextTooLong(
            f"the text has {len(text)} characters, at most {MAX_TEXT} are taken at once",
            "send it in parts, a sentence or a paragraph each",
        )
    return "".join(" " if unicodedata.category(each) in ("Cc", "Cs") else each for each in text)


def is_silent(text: str) -> bool:
    """Whether there is no letter and no digit to say."""
    return not any(each.isalnum() for each in text)


def choose(voices: Sequence[Voice], name: str | None, language: str | None) -> Voice:
    """The voice of that name, else the first of that language, else the first of all.

    Raises UnknownVoice. Languages compare without regard to case; `de` finds `de-at`.
    """
    if name is not None:
        for voice in voices:
            if voice.name == name:
                return voice
        raise unknown("voice", name, [voice.name for voice in voices])
    if not language:
        return voices[0]
    wanted = language.lower().replace("_", "-")
    for fits in (_equal, _within):
        for voice in voices:
            if fits(voice.language.lower(), wanted):
                return voice
    raise unknown("language", language, [voice.language for voice in voices])


def unknown(what: str, got: str, known: Sequence[str]) -> UnknownVoice:
    """The fault for a name that is not among `known`."""
    names = list(dict.fromkeys(known))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return UnknownVoice(
        f"{what}: got {got[:64]!r}, wanted one of {', '.join(names[:NAMED])}{more}",
        "GET /v1/capabilities lists the voices",
    )


def _equal(has: str, wanted: str) -> bool:
    # A voice without a language speaks whatever the text is written in.
    return has in ("", wanted)


def _within(has: str, wanted: str) -> bool:
    return has.split("-")[0] == wanted.split("-")[0]
