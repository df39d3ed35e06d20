"""What the face experts learn from: boxes at half the mouth's size, what each shows, who it is.

Offline; numpy; reads the pairs of the renderer and the acted boxes in the cache folder.
Never mixes people: who is kept out of the renderer's training is kept out here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.emotion.values import EMOTIONS
from engines.render.cv import cv2
from engines.values import F32, U8
from export.data import acted
from export.data.act_words import sentences
from export.data.action_units import names, units
from export.data.render_augment import changed, lent
from export.data.render_cache import path_of
from export.data.render_pairs import Pairs
from export.nets.sync import HEIGHT, WIDTH
from export.train.renderer_figures import FEW, HELD_EVERY

WHICH = ("au", "emotion", "action")
KINDS_OF = {"mouth": ("spoken", "grid", "restore"), "eye": ("kept", "grid")}
"""Pairs whose motion is known or tracked; a cycle's is what is left of a change of rest."""
_LOOKED_AT = ("truth", "rest", "condition", "open", "kind", "identity")
_SHIFT_PX, _ZOOM, _LENT = 2.0, 0.06, 0.4


@dataclass(frozen=True, slots=True)
class Examples:
    """N boxes of one kind and what an expert should say of them."""

    box: U8
    """u8[N,48,64,3]: the truth of a pair."""
    rest: U8
    target: NDArray[Any]
    """f32[N,K] units, or i64[N] place in EMOTIONS or in `acted.SEEN` of the box."""
    kind: NDArray[np.str_]
    identity: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.box)

    def take(self, rows: Any) -> Examples:
        """Some rows: indices, a slice or bool[N]."""
        parts = (self.box, self.rest, self.target, self.kind, self.identity)
        return Examples(*(part[rows] for part in parts))


def outputs(which: str, box: str) -> tuple[str, ...]:
    """Names of what is told apart: units, emotions, actions."""
    if which == "au":
        return names(box)
    return EMOTIONS if which == "emotion" else acted.SEEN[box]


def halved(boxes: U8) -> U8:
    """u8[N,48,64,3]: the mean of 2 x 2 pixels of a mouth; eyes as they are."""
    if boxes.shape[1] == HEIGHT:
        return boxes
    size = (WIDTH, HEIGHT)
    parts = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in boxes]
    out: U8 = np.stack(parts) if parts else np.zeros((0, HEIGHT, WIDTH, 3), np.uint8)
    return out


def seen(pairs: Pairs, target: NDArray[Any]) -> Examples:
    """Examples of pairs' truths."""
    return Examples(halved(pairs.truth), halved(pairs.rest), target, pairs.kind, pairs.identity)


def of_acted(played: acted.Acted, which: str, box: str) -> Examples:
    """Examples of the acted boxes that say something of `which`."""
    if which == "au":
        return seen(played.pairs, units(played.pairs, box))
    if which == "emotion":
        rows = np.flatnonzero(played.emotion != acted.NOBODY_SAYS)
        return seen(played.pairs.take(rows), played.emotion[rows].astype(np.int64))
    rows = np.flatnonzero(played.action != "")
    order = acted.SEEN[box]
    target = np.array([order.index(str(name)) for name in played.action[rows]], np.int64)
    return seen(played.pairs.take(rows), target)


def acted_path(cache: Path, box: str, test: bool = False) -> Path:
    """Where the acted boxes are kept."""
    return cache / "experts" / f"{box}-acted{'-test' if test else ''}.npz"


def lean(path: Path) -> Pairs:
    """Stored pairs without what no expert looks at: those columns are empty. Raises OSError."""
    with np.load(path, allow_pickle=False) as data:
        blank = np.zeros((len(data["kind"]), 0), np.uint8)
        columns: dict[str, Any] = {
            each.name: data[each.name] if each.name in _LOOKED_AT else blank
            for each in fields(Pairs)
        }
        return Pairs(**columns)


def lean_acted(path: Path) -> acted.Acted:
    """Stored acted boxes, as lean. Raises OSError."""
    with np.load(path, allow_pickle=False) as data:
        return acted.Acted(lean(path), data["emotion"], data["action"])


def stored(cache: Path, which: str, box: str, test: bool = False) -> Examples:
    """All examples on disk; units are known of the renderer's pairs, too.

    Raises FileNotFoundError.
    """
    path = acted_path(cache, box, test)
    parts = [of_acted(lean_acted(path), which, box)] if path.exists() else []
    for kind in KINDS_OF[box] if which == "au" else ():
        other = path_of(cache, box, kind, test)
        if other.exists():
            pairs = lean(other)
            parts.append(seen(pairs, units(pairs, box)))
    if not parts:
        raise FileNotFoundError(
            f"no {path}; run: python -m export train experts --data DIR --prepare"
        )
    return joined(parts)


def joined(parts: Sequence[Examples]) -> Examples:
    """One after the other."""
    columns = ("box", "rest", "target", "kind", "identity")
    return Examples(*(np.concatenate([getattr(p, name) for p in parts]) for name in columns))


def apart(kinds: NDArray[np.str_], people: NDArray[np.str_]) -> NDArray[np.bool_]:
    """bool[N]: kept out of training. Every twelfth person of any kind, wherever he appears.

    The same people as `renderer_figures.apart` keeps; of one speaker's video the last frames.
    """
    held: set[str] = set()
    out = np.zeros(len(kinds), bool)
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        names_of = np.unique(people[rows])
        if len(names_of) >= FEW:
            held |= {str(name) for name in names_of[HELD_EVERY // 2 :: HELD_EVERY]}
        else:
            out[rows[-max(1, len(rows) // HELD_EVERY) :]] = True
    return out | np.isin(people, sorted(held))


def chances(examples: Examples) -> NDArray[np.float64]:
    """f64[N]: kinds weigh alike, and within a kind the classes."""
    out = np.zeros(len(examples))
    classes = examples.target if examples.target.ndim == 1 else np.zeros(len(examples), int)
    names_of = np.char.add(examples.kind.astype("<U16"), classes.astype("<U8"))
    for name in np.unique(names_of):
        rows = names_of == name
        out[rows] = 1 / rows.sum()
    total: NDArray[np.float64] = out / out.sum()
    return total


def augmented(examples: Examples, flips: bool, rng: np.random.Generator) -> tuple[U8, U8]:
    """Boxes and rests u8[N,48,64,3] in other colours, light, sharpness, a little moved; flipped."""
    stacks = np.stack([examples.box, examples.rest], 1)
    skins = examples.rest.reshape(len(examples), -1, 3).mean(1).astype(np.float32)
    for row, stack in enumerate(stacks):
        curve = None
        if rng.random() < _LENT:
            curve = lent(skins[row], skins[int(rng.integers(len(examples)))])
        moved = _moved(changed(stack, rng, curve), rng)
        stacks[row] = moved[:, :, ::-1] if flips and rng.random() < 0.5 else moved
    return stacks[:, 0], stacks[:, 1]


def _moved(pictures: U8, rng: np.random.Generator) -> U8:
    zoom = 1 + rng.uniform(-_ZOOM, _ZOOM)
    shift = rng.uniform(-_SHIFT_PX, _SHIFT_PX, 2)
    middle = np.array([WIDTH - 1, HEIGHT - 1]) / 2
    turn = np.array([[zoom, 0, 0], [0, zoom, 0]], np.float32)
    turn[:, 2] = middle - zoom * middle + shift
    parts = [
        cv2.warpAffine(one, turn, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        for one in pictures
    ]
    return np.stack(parts)


def made_up(which: str, box: str, count: int = 96, seed: int = 1) -> Examples:
    """Grey boxes with a bar that is as long as the first unit says, or lies where a class says."""
    rng = np.random.default_rng(seed)
    number = len(outputs(which, box))
    rest = rng.integers(90, 160, (count, 1, 1, 3)) + rng.integers(-6, 7, (count, HEIGHT, WIDTH, 3))
    picture = rest.copy()
    target: NDArray[Any] = np.arange(count) % number
    values = rng.random((count, number), dtype=np.float32)
    for row in range(count):
        place, length = (6 + 5 * int(target[row]) % 36, 40) if which != "au" else (
            22, round(4 + 52 * float(values[row, 0])))  # fmt: skip
        picture[row, place : place + 5, 4 : 4 + length] -= 70
    values[:] = values[:, :1]
    people = np.array([f"nobody {i % 30}" for i in range(count)])
    kinds = np.full(count, "acted")
    boxes, rests = picture.astype(np.uint8), rest.astype(np.uint8)
    return Examples(boxes, rests, values if which == "au" else target, kinds, people)


def says(box: str, kept: bool, embed: Callable[[str], F32]) -> list[F32]:
    """Vectors f32[S,80] of the sentences of each action of a box, in the order of `outputs`."""
    chosen = [sentences(name, kept) for name in acted.SEEN[box]]
    return [np.stack([embed(text) for text in texts]).astype(np.float32) for texts in chosen]
