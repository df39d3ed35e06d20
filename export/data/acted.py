"""Boxes of portraits that act: what each feels or does is known, as the rig was told to do it.

Offline; one process; some twenty frames a second after a second for each portrait.
Never asks a judge: a label is what the motion was made from, not what somebody saw in it.

For the experts of `docs/experts.md`. Actions that the skull does (a nod) cannot be seen in boxes
that the skull holds, so they are not among SEEN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.avatars.retake import toothless
from engines.cues import Cue
from engines.emotion.values import EMOTIONS, EmotionOverride
from engines.motion.lips import LipModel
from engines.motion.model import MotionModel
from engines.motion.wishes import Act, Feel
from engines.offline import move_file
from engines.values import F32, SAMPLE_RATE_HZ
from export.data.render_pairs import Pairs, join, load_beside
from export.data.render_spoken import Speaker
from export.data.render_stills import Portraits
from export.data.sound import read_sound
from export.data.voices import voice_files

NOTHING = "nothing"
"""Named like an action: no other is done."""
SEEN: Mapping[str, tuple[str, ...]] = {
    "mouth": (NOTHING, "smile", "laugh", "shrug"),
    "eye": (NOTHING, "look_left", "look_right", "look_up", "look_down", "raise_brows", "wink"),
}
"""What of `engines.motion.actions.ACTIONS` a box shows."""
NOBODY_SAYS = -1
"""Emotion of a frame that was told none."""
_DONE = tuple(dict.fromkeys(name for names in SEEN.values() for name in names if name != NOTHING))
_TALK_S, _SETTLED = 4.0, 25
"""Seconds of sound; frames until a feeling is shown in full."""
_STRENGTH = (0.75, 1.0)
_AT_S = 1.0
_PEAK = 0.7
"""Of the furthest that an action moves anything: from there on it is seen."""
_MIRRORED = {"look_left": "look_right", "look_right": "look_left"}
_WINKS = "wink"


@dataclass(frozen=True, slots=True)
class Play:
    """One frame of a face and what it was told."""

    motion: F32
    """f32[58]"""
    sound: F32 | None
    """f32[80]"""
    emotion: int
    """In EMOTIONS, or NOBODY_SAYS."""
    action: str
    """Of SEEN; empty for one whose feelings may look like an action."""


@dataclass(frozen=True, slots=True)
class Acted:
    """N boxes with what they show."""

    pairs: Pairs
    emotion: NDArray[np.int64]
    """i64[N]: in EMOTIONS, or NOBODY_SAYS."""
    action: NDArray[np.str_]
    """Of SEEN for this box; empty where this box cannot tell."""

    def __len__(self) -> int:
        return len(self.emotion)

    def take(self, rows: Any) -> Acted:
        """Some rows: indices, a slice or bool[N]."""
        return Acted(self.pairs.take(rows), self.emotion[rows], self.action[rows])

    def save(self, path: Path) -> None:
        """As `Pairs.save`."""
        self.pairs.save(path, emotion=self.emotion, action=self.action)


def load(path: Path) -> Acted:
    """What `save` wrote. Raises OSError."""
    pairs, (first, second) = load_beside(path, "emotion", "action")
    return Acted(pairs, first, second)


def plays(data: Path, test: bool, takes: int, seed: int) -> list[list[Play]]:
    """`takes` of each feeling and of each action, over readers' voices: one list each.

    Raises FileNotFoundError when there are no readers.
    """
    files = voice_files(data)["test" if test else "train"]
    if not files:
        raise FileNotFoundError(f"{data}/librispeech: no readers there")
    rng = np.random.default_rng(seed)
    model = MotionModel.load(LipModel.load())
    felt: list[list[Play]] = [[] for _ in EMOTIONS]
    done: list[list[Play]] = [[] for _ in _DONE]
    for _ in range(takes):
        for label, out in enumerate(felt):
            out += _felt(model, _voice(files, rng), label, rng)
        for name, out in zip(_DONE, done, strict=True):
            out += _done(model, _voice(files, rng), name, rng)
    return felt + done


def _voice(files: Sequence[Path], rng: np.random.Generator) -> F32:
    return read_sound(files[int(rng.integers(len(files)))])[: round(_TALK_S * SAMPLE_RATE_HZ)]


def _felt(model: MotionModel, sound: F32, label: int, rng: np.random.Generator) -> list[Play]:
    """Frames of a talk with a feeling."""
    wanted = EmotionOverride(EMOTIONS[label], intensity=float(rng.uniform(*_STRENGTH)))
    frames = move_file(sound, model, seed=int(rng.integers(1 << 30)), cues=[Cue(0, Feel(wanted))])
    action = NOTHING if EMOTIONS[label] == "neutral" else ""
    return [Play(f.motion, f.sound, label, action) for f in list(frames)[_SETTLED:]]


def _done(model: MotionModel, sound: F32, name: str, rng: np.random.Generator) -> list[Play]:
    """Frames in which an action is at its furthest: told by the same talk without it."""
    seed = int(rng.integers(1 << 30))
    cue = Cue(round(_AT_S * SAMPLE_RATE_HZ), Act(name))
    with_it = list(move_file(sound, model, seed=seed, cues=[cue]))
    without = move_file(sound, model, seed=seed)
    pairs = zip(with_it, without, strict=True)
    away = np.array([np.abs(a.motion - b.motion).sum() for a, b in pairs])
    rows = np.flatnonzero((away >= _PEAK * away.max()) & (away > 0))
    return [Play(with_it[i].motion, with_it[i].sound, NOBODY_SAYS, name) for i in rows]


def action_of(action: str, k: int) -> str:
    """The action that box k (mouth, first and second eye) shows, whose box is mirrored if k is 2.

    A wink is the left eye's: the other's box cannot tell.
    """
    seen = SEEN["mouth" if k == 0 else "eye"]
    if action == _WINKS and k == 1:
        return ""
    if k == 2:
        action = _MIRRORED.get(action, action)
    return action if action in seen else ""


def make(
    people: Portraits, shown: Sequence[Sequence[Play]], each: int, seed: int,
    step: Callable[[], None],
) -> Iterator[tuple[int, Acted]]:  # fmt: skip
    """(box, one row) of every portrait in `each` frames of every list of `plays`."""
    rng = np.random.default_rng(seed)
    for i, (name, _, _, avatar) in enumerate(people.avatars(step)):
        speaker = Speaker(toothless(avatar) if i % 2 else avatar)
        chosen = [
            kind[int(j)] for kind in shown if kind for j in rng.integers(len(kind), size=each)
        ]
        for play in chosen:
            boxes = speaker.boxes(name, (play.motion, play.sound))
            for k, pairs in enumerate(boxes):
                if pairs is not None:
                    label = np.array([play.emotion]), np.array([action_of(play.action, k)])
                    yield k, Acted(pairs, label[0], label[1].astype("<U12"))


def gathered(rows: Iterator[tuple[int, Acted]]) -> dict[str, Acted]:
    """The rows of "mouth" and "eye". Raises ValueError when a box has none."""
    found: dict[str, list[Acted]] = {"mouth": [], "eye": []}
    for k, row in rows:
        found["eye" if k else "mouth"].append(row)
    return {
        box: Acted(
            join([part.pairs for part in parts]),
            np.concatenate([part.emotion for part in parts]),
            np.concatenate([part.action for part in parts]),
        )
        for box, parts in found.items()
    }
