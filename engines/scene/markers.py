"""Takes stage directions out of assistant text: "[nods] Hello [laughs]" -> "Hello" and two actions.

Pure; one reader per reply, on the event loop; text may come in pieces of any size.
Never holds back more than MAX_MARKER characters, never drops brackets that tell no action.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engines.motion.actions import ACTIONS
from engines.scene.cues import Cue, action_of, find_cues

MAX_MARKER = 40
"""Characters between the brackets or stars of a marker."""
_CLOSE = {"[": "]", "*": "*"}
_LEAD = re.compile(r"(?:(?:i|he|she|they) )?(?:\w+ly )?", re.IGNORECASE)


@dataclass(slots=True)
class MarkerReader:
    """State of one reply: what is held back until it is known to be text or marker."""

    _held: str = field(default="", init=False)
    """Starts with an opening bracket or star, or is empty."""
    _space: str = field(default="", init=False)
    """White space not yet given out: a marker after it may swallow it."""
    _given: int = field(default=0, init=False)
    _after_marker: bool = field(default=False, init=False)

    def feed(self, piece: str) -> tuple[str, list[Cue]]:
        """The clean text that is certain by now, and actions begun by it.

        A cue's `at` counts the characters of clean text, of all pieces, before it: do it when those
        are spoken.
        """
        out: list[str] = []
        cues: list[Cue] = []
        for char in piece:
            self._take(char, out, cues)
        return "".join(out), cues

    def flush(self) -> tuple[str, list[Cue]]:
        """The end of the reply: what was held back is text. The reader is as new afterwards."""
        out: list[str] = []
        self._text(self._held, out)
        if not self._after_marker:
            out.append(self._space)
        self._held, self._space, self._given, self._after_marker = "", "", 0, False
        return "".join(out), []

    def _take(self, char: str, out: list[str], cues: list[Cue]) -> None:
        if not self._held:
            if char in _CLOSE:
                self._held = char
            else:
                self._text(char, out)
            return
        closing = char == _CLOSE[self._held[0]]
        inside = self._held[1:]
        if closing and inside:
            name = _action(self._held[0], inside)
            held, self._held = self._held + char, ""
            if name is None:
                self._text(held, out)
            else:
                cues.append(Cue(name, self._given))
                self._after_marker = True
        elif closing or char in "\r\n" or char in _CLOSE or len(inside) >= MAX_MARKER:
            # "**", a line's end, a second opening, too long: text after all.
            held, self._held = self._held, ""
            self._text(held, out)
            if char in _CLOSE and not closing:
                self._held = char
            else:
                self._text(char, out)
        else:
            self._held += char

    def _text(self, text: str, out: list[str]) -> None:
        for char in text:
            if char.isspace():
                self._space += "" if self._after_marker and self._space else char
                # Only white space in a row: bounded all the same.
                self._space = self._space[-MAX_MARKER:]
                continue
            space = "" if self._after_marker and self._given == 0 else self._space
            out.append(space + char)
            self._given += len(space) + 1
            self._space, self._after_marker = "", False


def _action(opening: str, inside: str) -> str | None:
    if opening == "[":
        return action_of(inside)
    # Stars are emphasis as well: "*slowly nods*" is a direction, "*never mind the laughs*" stress.
    lead = _LEAD.match(inside)
    cues = find_cues(inside.replace("\n", " "), habits=True)
    if inside in ACTIONS:
        return inside
    return cues[0].name if cues and lead and cues[0].at == lead.end() else None


def parse_markers(text: str) -> tuple[str, list[Cue]]:
    """A whole reply at once: clean text and its actions, `at` in characters of the clean text."""
    reader = MarkerReader()
    clean, cues = reader.feed(text)
    return clean + reader.flush()[0], cues
