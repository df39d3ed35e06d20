"""Reads style and feeling off key words: "cheerful", "hardly moves", "never smiles".

Pure; any thread; time is linear in the text, of which MAX_SCENE_TEXT characters are read.
Never guesses at a word that is not in its table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from engines.motion.style import STYLE_INDEX, STYLE_NAMES
from engines.scene.reading import USUAL_DIAL, Reading
from engines.scene.values import MAX_SCENE_TEXT, clean_text

_MOVES: tuple[tuple[str, str], ...] = (
    # Words by their beginnings; what they say of the dials, and a feeling.
    (
        "energetic lively animated dynamic exuberant hyper vivacious boisterous enthusias* excite* "
        "passionate bubbly peppy",
        "energy+.35 tempo+.25 brows+.2 smile+.15",
    ),
    ("restless fidget* hectic frantic hurried rush* brisk snappy", "tempo+.35 energy+.15 blink+.1"),
    ("quick fast rapid swift", "tempo+.35"),
    ("slow slowly unhurried leisurely measured deliberate", "tempo-.35 energy-.1"),
    (
        "calm relaxed serene tranquil peaceful composed gentle soft soothing quiet",
        "energy-.2 tempo-.2 blink-.05",
    ),
    ("still motionless frozen rigid stiff statue* immobile", "energy-.35 tempo-.1 brows-.15"),
    ("tired exhausted sleepy weary fatigued drowsy", "energy-.3 tempo-.3 blink+.2 brows-.2"),
    ("bored boring indifferent apathetic listless", "energy-.2 smile-.15 gaze-.2 nod-.2 @boredom"),
    (
        "cheer* happy joy* joll* merry delight* glad jovial sunny radiant upbeat playful fun",
        "smile+.35 energy+.15 tempo+.1 brows+.1 @joy",
    ),
    ("friendly warm kind welcoming amiable likeable encourag* sweet", "smile+.25 nod+.1 gaze+.1"),
    ("proud", "smile+.2 gaze+.1 brows+.1 @joy"),
    ("serious stern strict grave solemn formal austere", "smile-.25 energy-.1 brows-.1 gaze+.1"),
    ("cold distant aloof unfriendly reserved unimpressed", "smile-.25 nod-.2 brows-.1"),
    (
        "sad melanchol* griev* mourn* heartbroken gloomy tear* depress* cry*",
        "energy-.25 smile-.2 tempo-.25 gaze-.15 @sadness",
    ),
    (
        "angry anger furious rage enraged irritated annoyed grumpy hostile",
        "smile-.35 gaze+.2 brows+.15 tempo+.1 nod-.25 @anger",
    ),
    ("impatient", "tempo+.25 nod-.2 smile-.15 @anger"),
    (
        "afraid fear* scared anxious nervous terrified panick* worried",
        "gaze-.25 blink+.25 tempo+.15 smile-.1 @fear",
    ),
    ("disgust* revolted repelled contempt* nausea*", "smile-.25 nod-.2 brows+.1 @disgust"),
    ("surpris* astonish* amazed stunned shock*", "brows+.35 energy+.1 @surprise"),
    ("curious inquisitive sceptic* skeptic* expressive", "brows+.15 gaze+.05"),
    ("shy timid bashful coy embarrassed awkward", "gaze-.35 energy-.15 blink+.15"),
    ("confident assertive bold self-assured dominant", "gaze+.25 energy+.05"),
    ("attentive listen* understanding empath* patient caring", "nod+.25 gaze+.15"),
    ("helpful", "smile+.05"),
)
_THINGS: tuple[tuple[str, str], ...] = (
    ("smile smiles smiling smiled grin grins grinning beaming beams", "smile"),
    ("laugh laughs laughing laughter", "smile"),
    ("nod nods nodding nodded", "nod"),
    ("blink blinks blinking blinked", "blink"),
    ("eyebrow eyebrows brow brows", "brows"),
    ("gaze eye-contact stare stares staring", "gaze"),
    ("gesture gestures gesturing gesticulates", "energy"),
)
_MORE = 0.35
"""What a thing told with no measure adds: "smiles", "with nods"."""
_DENIED = re.compile(
    r"^(?:not|no|never|without|hardly|rarely|seldom|barely|little|less|few|fewer|un|avoids?|"
    r"\w+n't)$"
)
STRONG = {"very", "extremely", "really", "so", "always", "constantly", "much", "lots", "over"}
WEAK = {"slightly", "somewhat", "little", "bit", "mildly", "rather", "quite", "fairly"}
_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")


def parse_effects(text: str) -> tuple[dict[str, float], str | None]:
    """Of "smile+.2 tempo-.1 @joy": shifts of dials, and a label of EMOTIONS or None."""
    shifts: dict[str, float] = {}
    feeling = None
    for part in text.split():
        if part.startswith("@"):
            feeling = part[1:]
        else:
            name = re.split(r"[+-]", part)[0]
            shifts[name] = float(part[len(name) :])
    return shifts, feeling


_ENDINGS = (("ly", ""), ("ness", ""), ("ily", "y"), ("iness", "y"), ("dom", "d"))
"""Sad-ly, sad-ness, happ-ily, happ-iness, bore-dom: what stands in the table instead."""
_Row = tuple[dict[str, float], str | None, bool]


def _table() -> dict[str, _Row]:
    out: dict[str, _Row] = {}
    for words, effects in _MOVES:
        shifts, feeling = parse_effects(effects)
        out |= {word: (shifts, feeling, False) for word in words.split()}
    for words, dial in _THINGS:
        out |= {word: ({dial: _MORE}, None, True) for word in words.split()}
    return out


_TABLE = _table()
_STEMS = tuple((word[:-1], row) for word, row in _TABLE.items() if word.endswith("*"))


def _find(word: str) -> _Row | None:
    if word in _TABLE:
        return _TABLE[word]
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and word[: -len(ending)] + instead in _TABLE:
            return _TABLE[word[: -len(ending)] + instead]
    return next((row for stem, row in _STEMS if word.startswith(stem)), None)


def feeling_of(word: str) -> str | None:
    """The feeling (of EMOTIONS) that one word in lower case names: "sadly", "furious"; or None."""
    row = _find(word)
    return None if row is None else row[1]


def _weight(before: Sequence[str], thing: bool) -> float:
    """How a word counts after those before it: denied, strong, weak."""
    weight = 1.0
    for word in before:
        if _DENIED.match(word):
            # Not sad is not glad; but no smile is less than the usual one.
            weight = -1.0 if thing else -0.3
        elif word in STRONG:
            weight *= 1.3
        elif word in WEAK:
            weight *= 0.6
    return weight


class Lexicon:
    """Reader of key words. Shared, read-only."""

    def read(self, text: str) -> Reading:
        """Shifts of all key words, added and bounded."""
        words = _WORD.findall(clean_text(text, MAX_SCENE_TEXT).lower())
        total = dict.fromkeys(STYLE_NAMES, 0.0)
        feelings: dict[str, float] = {}
        for at, word in enumerate(words):
            row = _find(word)
            if row is None:
                continue
            shifts, feeling, thing = row
            weight = _weight(words[max(0, at - 3) : at], thing)
            for name, shift in shifts.items():
                total[name] += weight * shift
            if feeling is not None and weight > 0:
                feelings[feeling] = min(1.0, feelings.get(feeling, 0.0) + 0.6 * weight)
        dials = {name: min(1.0, max(0.0, USUAL_DIAL + total[name])) for name in STYLE_INDEX}
        return Reading(dials, feelings)
