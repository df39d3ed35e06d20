"""Takes stage directions out of assistant text: "[nods] Hello [laughs]" -> "Hello" and two actions.

Pure; one reader per reply, on the event loop; text may come in pieces of any size.
Never holds back more than MAX_MARKER characters, never drops brackets that tell nothing to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from engines.emotion.values import EmotionOverride
from engines.motion.actions import ACTIONS
from engines.scene.cues import Cue, action_of, find_cues
from engines.scene.feelings import named_feeling

MAX_MARKER = 40
"""Characters between the brackets or stars of a marker."""
_CLOSE = {"[": "]", "*": "*"}
_LEAD = re.compile(r"(?:(?:i|he|she|they) )?(?:\w+ly )?", re.IGNORECASE)
_ENDERS = frozenset(".!?\N{HORIZONTAL ELLIPSIS}")
_STOPS = _ENDERS | frozenset(",;:")
"""Stand next to the word before a marker, whatever blank stood before the marker."""
_CLOSERS = frozenset("\"')\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}")
"""May stand between the end of a sentence and the space after it."""


@dataclass(frozen=True, slots=True)
class Felt:
    """From `at` characters on the text is said with this feeling; None: with the usual one."""

    wanted: EmotionOverride | None
    at: int


Mark: TypeAlias = Cue | Felt


@dataclass(slots=True)
class MarkerReader:
    """State of one reply: what is held back until it is known to be text or marker."""

    _held: str = field(default="", init=False)
    """Starts with an opening bracket or star, or is empty."""
    _space: str = field(default="", init=False)
    """White space not yet given out: a marker after it may swallow it."""
    _given: int = field(default=0, init=False)
    _after_marker: bool = field(default=False, init=False)
    _felt: bool = field(default=False, init=False)
    """A feeling marker holds; it does to the end of its sentence."""
    _fresh: bool = field(default=False, init=False)
    """Nothing of its sentence has come yet."""
    _ended: bool = field(default=False, init=False)
    """The last character given out ends a sentence if white space follows."""

    @property
    def feeling(self) -> bool:
        """Whether a feeling marker holds, the end of its sentence still to come."""
        return self._felt

    @property
    def given(self) -> int:
        """Characters of clean text so far."""
        return self._given

    def feed(self, piece: str) -> tuple[str, list[Mark]]:
        """The clean text that is certain by now, and actions and feelings begun or ended by it.

        A mark's `at` counts the characters of clean text, of all pieces, before it: do it when
        those are spoken.
        """
        out: list[str] = []
        marks: list[Mark] = []
        for char in piece:
            self._take(char, out, marks)
        return "".join(out), marks

    def flush(self) -> tuple[str, list[Mark]]:
        """The end of the reply: what was held back is text. The reader is as new afterwards."""
        out: list[str] = []
        marks: list[Mark] = []
        self._text(self._held, out, marks)
        if not self._after_marker:
            out.append(self._space)
        if self._felt:
            marks.append(Felt(None, self._given))
        self._held, self._space, self._given, self._after_marker = "", "", 0, False
        self._felt = self._fresh = self._ended = False
        return "".join(out), marks

    def _take(self, char: str, out: list[str], marks: list[Mark]) -> None:
        if not self._held:
            if char in _CLOSE:
                self._held = char
            else:
                self._text(char, out, marks)
            return
        closing = char == _CLOSE[self._held[0]]
        inside = self._held[1:]
        if closing and inside:
            held, self._held = self._held + char, ""
            self._marker(held, out, marks)
        elif closing or char in "\r\n" or char in _CLOSE or len(inside) >= MAX_MARKER:
            # "**", a line's end, a second opening, too long: text after all.
            held, self._held = self._held, ""
            self._text(held, out, marks)
            if char in _CLOSE and not closing:
                self._held = char
            else:
                self._text(char, out, marks)
        else:
            self._held += char

    def _marker(self, held: str, out: list[str], marks: list[Mark]) -> None:
        """What stands between a pair of brackets or stars: something to do, a feeling, or text."""
        name = _action(held[0], held[1:-1])
        # Stars are emphasis as well: "*happy*" is said with stress, not with joy.
        wanted = named_feeling(held[1:-1]) if name is None and held[0] == "[" else None
        if name is not None:
            marks.append(Cue(name, self._given))
        elif wanted is not None:
            marks.append(Felt(wanted, self._given))
            self._felt = self._fresh = True
        else:
            self._text(held, out, marks)
            return
        self._after_marker = True

    def _text(self, text: str, out: list[str], marks: list[Mark]) -> None:
        for char in text:
            if char.isspace():
                self._space += "" if self._after_marker and self._space else char
                # A line's end says more than the blanks after it; bounded all the same.
                self._space = self._space[-MAX_MARKER:]
                continue
            self._sentence(char, marks)
            swallowed = self._after_marker and (self._given == 0 or char in _STOPS)
            space = "" if swallowed else self._space
            out.append(space + char)
            self._given += len(space) + 1
            self._space, self._after_marker = "", False

    def _sentence(self, char: str, marks: list[Mark]) -> None:
        """Before `char` is given out: whether a sentence is over, and the feeling with it."""
        over = self._space != "" and (self._ended or "\n" in self._space)
        if over and self._felt and not self._fresh:
            marks.append(Felt(None, self._given))
            self._felt = False
        self._fresh = False
        self._ended = char in _ENDERS or (self._ended and not self._space and char in _CLOSERS)


def _action(opening: str, inside: str) -> str | None:
    if opening == "[":
        return action_of(inside)
    # Stars are emphasis as well: "*slowly nods*" is a direction, "*never mind the laughs*" stress.
    lead = _LEAD.match(inside)
    cues = find_cues(inside.replace("\n", " "), habits=True)
    if inside in ACTIONS:
        return inside
    return cues[0].name if cues and lead and cues[0].at == lead.end() else None


def parse_markers(text: str) -> tuple[str, list[Mark]]:
    """A whole reply at once: clean text and its marks, `at` in characters of the clean text."""
    reader = MarkerReader()
    clean, marks = reader.feed(text)
    rest, last = reader.flush()
    return clean + rest, marks + last
