"""Finds things to do in English text: "nods", "she shook her head", "looks to the left".

Pure; any thread; time is linear in the text, of which MAX_SCENE_TEXT characters are read.
Never takes a denial ("does not nod") or a habit ("often nods") for something to do now.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engines.motion.actions import ACTIONS
from engines.scene.values import MAX_SCENE_ACTIONS, MAX_SCENE_TEXT, clean_text

_FILL = (
    r"(?:(?:to|towards?|over|off|at|out|up|down|and|away|in|the|a|an|his|her|their|my|your|its|one|"
    r"both|own|quickly|slowly|briefly|gently|lightly|slightly|firmly|sadly|then|far|just|head|eyes?|"
    r"gaze|eye|back|side|single|sceptical|skeptical|questioning) ){0,5}?"
)
_SEE = r"(?:look|glanc|gaz|peek|peer|star)(?:e|es|s|ed|ing)?"
_TURN = r"(?:turn|mov|cast|avert|lower|lift|rais|drop)(?:e|es|s|ed|ing|ped|ping)?"
_EYES = r"(?:head|eyes?|gaze|glance)"
_SHAKE = r"(?:shakes?|shook|shaken|shaking)"
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("nod", r"nod(?:s|ded|ding)?"),
    ("shake", rf"{_SHAKE} {_FILL}heads?|head ?{_SHAKE}"),
    ("tilt", rf"(?:tilt|cock|inclin|tip)(?:e|es|s|ed|ing|ped|ping)? {_FILL}heads?|head tilts?"),
    ("look_left", rf"(?:{_SEE}|{_TURN}) {_FILL}left(?! (?:out|over|behind|alone|the|for))"),
    (
        "look_right",
        rf"(?:{_SEE}|{_TURN}) {_FILL}right(?! (?:at|into|through|in|on|back|now|away|past|here))",
    ),
    # Aside: to one side, always the same, so that a text does the same thing twice.
    ("look_left", rf"{_SEE} (?:away|aside|sideways)|{_TURN} {_FILL}{_EYES} (?:away|aside)"),
    ("look_left", rf"avert(?:s|ed|ing)? {_FILL}{_EYES}"),
    (
        "look_up",
        rf"{_SEE} (?:straight )?up(?:wards?)?(?! (?:to|the|a|an|this|that|my|your|his|her|all)\b)|"
        rf"{_SEE} {_FILL}(?:ceiling|sky)|roll(?:s|ed|ing)? {_FILL}eyes",
    ),
    ("look_up", rf"(?:lift|rais)(?:e|es|s|ed|ing)? {_FILL}(?:eyes|gaze|head)"),
    (
        "look_down",
        rf"{_SEE} (?:straight )?down(?:wards?)?(?! (?:on|upon)\b)|"
        rf"{_SEE} {_FILL}(?:floor|ground|feet|shoes|hands)|"
        rf"(?:lower|drop)(?:s|ed|ing|ped|ping)? {_FILL}{_EYES}",
    ),
    (
        "raise_brows",
        rf"(?:rais|lift|arch|cock|quirk)(?:e|es|s|ed|ing)? {_FILL}(?:eye ?)?brows?|"
        r"(?:eye ?)?brows? (?:go(?:es|ing)?|went|rises?|rose|rising|shoots?|shot)(?: up)?",
    ),
    ("smile", r"smil(?:e|es|ed|ing)|grin(?:s|ned|ning)?|beam(?:s|ed|ing)?"),
    (
        "laugh",
        r"laugh(?:s|ed|ing|ter)?|(?:giggl|chuckl|cackl|chortl|snigger|snicker)(?:e|es|s|ed|ing)?|"
        r"crack(?:s|ed|ing)? up",
    ),
    ("wink", r"wink(?:s|ed|ing)?"),
    ("shrug", r"shrug(?:s|ged|ging)?"),
)
_CUES = tuple((name, re.compile(rf"\b(?:{pattern})\b")) for name, pattern in _PATTERNS)
_CLAUSE = re.compile(r"[.;:!?,()\[\]\"]| (?:but|then) ")
_DENIED = re.compile(
    r"\b(?:not|no|never|without|cannot|stop|stops|stopped|avoid|avoids|refuse|refuses|neither|nor|"
    r"hardly|barely|rarely|seldom|almost|instead|less|unable|\w+n't|dont|doesnt)\b"
)
_HABIT = re.compile(
    r"\b(?:often|always|usually|sometimes|frequently|constantly|tends?|likes?|loves?|rarely|every|"
    r"each|whenever|when|while|if|who|habit|a lot|all the time|again and again|now and then)\b"
)
_BEFORE = 5
"""Words before a cue, in its clause, that can deny it."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Something to do, and where: `at` characters into the text."""

    name: str
    at: int


def find_cues(text: str, *, habits: bool = False) -> list[Cue]:
    """Every action told in `text` (one clean line), in order; denied ones are left out.

    Habits ("often nods") are left out too unless asked for.
    """
    plain = text[:MAX_SCENE_TEXT].lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    # Lower case of a few letters is longer; positions must be those of the text.
    if len(plain) != len(text[:MAX_SCENE_TEXT]):
        plain = "".join(c.lower() if len(c.lower()) == 1 else c for c in text[:MAX_SCENE_TEXT])
    plain = plain.replace("_", " ").replace("-", " ")
    found: list[Cue] = []
    taken: set[int] = set()
    for name, pattern in _CUES:
        for match in pattern.finditer(plain):
            # Two readings of the same words: the first in the table.
            if taken.isdisjoint(range(*match.span())) and _meant(plain, match, habits):
                taken.update(range(*match.span()))
                found.append(Cue(name, match.start()))
    return sorted(found, key=lambda cue: cue.at)


def _meant(plain: str, match: re.Match[str], habits: bool) -> bool:
    starts = [m.end() for m in _CLAUSE.finditer(plain, max(0, match.start() - 200), match.start())]
    before = plain[starts[-1] if starts else max(0, match.start() - 200) : match.start()]
    if _DENIED.search(" ".join(before.split()[-_BEFORE:])):
        return False
    end = _CLAUSE.search(plain, match.end(), match.end() + 80)
    after = plain[match.end() : end.start() if end else match.end() + 80]
    return habits or not _HABIT.search(before + " " + after)


def actions_in(text: str) -> tuple[str, ...]:
    """Names of the actions to do now that the text tells, at most MAX_SCENE_ACTIONS, in order."""
    cues = find_cues(clean_text(text, MAX_SCENE_TEXT))
    return tuple(cue.name for cue in cues)[:MAX_SCENE_ACTIONS]


def action_of(word: str) -> str | None:
    """The one action a name or a few words mean ("raise_brows", "shakes her head"), or None."""
    plain = clean_text(word, 60)
    name = plain.lower().replace(" ", "_").replace("-", "_")
    if name in ACTIONS:
        return name
    cues = find_cues(plain, habits=True)
    return cues[0].name if cues else None
