"""How long a silence ends a turn: learned from the visitor's own pauses, bent by their words.

Pure; one state for each session.
Never waits less than LEAST_S nor more than MOST_S.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Literal, TypeAlias

Sounding: TypeAlias = Literal["finished", "open", "unknown"]

USUAL_S = 0.7
"""Before anything was learned. Gaps between turns are 0.2 s among people, whose listeners foresee
the end (Stivers et al. 2009); pauses within a turn are 0.5 s and more in a third of cases."""
LEAST_S, MOST_S = 0.3, 2.2
LOW_S, HIGH_S = 0.45, 1.5
"""What learning alone may reach."""
SHORTEST_S = 0.2
"""A shorter gap is the closure of a consonant or a breath: it says nothing of this visitor."""
KEPT = 16
WORTH = 4
"""Pauses after which the visitor's own count as much as what is usual."""
MARGIN = 1.25
FINISHED, OPEN = 0.6, 1.8
"""How the wait is bent by words that sound finished, or as if more must come."""
_MORE = frozenset(
    # English, German, French, Spanish: words that a sentence hardly ever ends with.
    "and or but because so if when while although that which who the a an my your our their to of "
    "for with from in on at by is are was were have has um uh er hmm well "
    "und oder aber weil wenn dass der die das ein eine mein mit von zu im am äh ähm "
    "et ou mais parce que qui le la les un une des mon avec de du euh "
    "y o pero porque si que el los las un una mi con de eh".split()
)
_WORD = re.compile(r"\w+")


class Pauses:
    """One visitor's pauses."""

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=KEPT)

    def heard(self, pause_s: float) -> None:
        """A silence after which the same turn went on."""
        if pause_s >= SHORTEST_S:
            self._seen.append(min(pause_s, MOST_S))

    @property
    def learned_s(self) -> float:
        """The wait that covers nine in ten of this visitor's pauses; near the usual at first."""
        if not self._seen:
            return USUAL_S
        ordered = sorted(self._seen)
        own_s = ordered[int(0.9 * (len(ordered) - 1) + 0.5)] * MARGIN
        share = len(ordered) / (len(ordered) + WORTH)
        return min(max(share * own_s + (1 - share) * USUAL_S, LOW_S), HIGH_S)

    def wait_s(self, sounding: Sounding = "unknown") -> float:
        """How long a silence ends the turn whose words sound like this."""
        bend = {"finished": FINISHED, "open": OPEN, "unknown": 1.0}[sounding]
        return min(max(self.learned_s * bend, LEAST_S), MOST_S)


def sounding(text: str) -> Sounding:
    """Whether words sound finished, by their last sign and last word."""
    text = text.strip()
    words = _WORD.findall(text[-80:].lower())
    if not words:
        return "unknown"
    if text.endswith(("...", "\N{HORIZONTAL ELLIPSIS}", ",", "-", "\N{EN DASH}", ":", ";")):
        return "open"
    # A model that writes signs puts a full stop behind everything: the last word says more.
    if words[-1] in _MORE and not text.endswith(("?", "!")):
        return "open"
    if text.endswith((".", "!", "?", "\N{IDEOGRAPHIC FULL STOP}", "\N{FULLWIDTH QUESTION MARK}")):
        return "finished"
    return "unknown"
