"""What was said so far: by the visitor, and by the face as far as the visitor heard it.

Pure; one for each session.
Never grows beyond its limits: the oldest goes first, the prompt stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from server.assistant.interfaces import Message

MAX_MESSAGES = 60
MAX_LETTERS = 24_000
"""Some 6,000 tokens."""
CUT = " \u2014"
"""Behind what was interrupted, so that the model knows it was not heard out."""


class History:
    """One conversation."""

    def __init__(self, prompt: str) -> None:
        self._prompt = prompt
        self._said: list[tuple[str, str]] = []

    @property
    def unanswered(self) -> bool:
        """Whether the visitor had the last word."""
        return bool(self._said) and self._said[-1][0] == "user"

    def visitor(self, text: str) -> None:
        """They said this; what they said before and got no answer to is part of it."""
        if self.unanswered:
            text = f"{self._said.pop()[1]} {text}"
        self._add("user", text)

    def face(self, text: str, *, cut: bool = False) -> None:
        """The face said this, as far as it was heard; `cut`: it was interrupted."""
        if text:
            self._add("assistant", text + CUT if cut else text)

    def messages(self) -> Sequence[Message]:
        """As a chat model wants them."""
        said = [{"role": role, "content": text} for role, text in self._said]
        return [{"role": "system", "content": self._prompt}, *said]

    def _add(self, role: str, text: str) -> None:
        self._said.append((role, text[-MAX_LETTERS:]))
        del self._said[:-MAX_MESSAGES]
        while len(self._said) > 1 and sum(len(text) for _, text in self._said) > MAX_LETTERS:
            del self._said[0]


def heard_part(text: str, position_s: float, length_s: float) -> str:
    """The words of `text` that lie wholly within the first `position_s` of `length_s` seconds."""
    if position_s <= 0 or length_s <= 0:
        return ""
    if position_s >= length_s:
        return text
    letters = int(len(text) * position_s / length_s)
    space = text.rfind(" ", 0, letters + 1)
    return text[:space].rstrip() if space > 0 else ""
