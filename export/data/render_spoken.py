"""Renderer pairs of speech: portraits that speak, and the same frames with their mouths drawn well.

Offline; one process; some five pairs a second.
Never changes a pixel outside the mouth: there the motion frame is the truth.

Photos of open mouths are photos of laughs. A net that sees no others fills every opening with
teeth; and a truth that differs in what the motion frame cannot show (where teeth stand, their
colour, the tongue) is learnt as a grey band. So these are told in full by what the net is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from engines.avatars.bundle import Avatar
from engines.avatars.retake import toothless
from engines.cues import cues_of
from engines.emotion.values import EMOTIONS, EmotionOverride
from engines.motion.lips import LipModel
from engines.motion.model import MotionModel
from engines.offline import move_file
from engines.render.warp import Mesh, WarpRenderer
from engines.values import F32, MOTION_INDEX, MOTION_SIZE, SAMPLE_RATE_HZ, U8
from export.data.render_fine_mouth import FineMouth
from export.data.render_mesh import MeshReader
from export.data.render_pairs import Cutter, Drawn, Pairs, Told
from export.data.render_stills import Portraits
from export.data.sound import read_sound
from export.data.voices import voice_files

Span = tuple[float, float]
Frame = tuple[F32, F32 | None]
"""Motion f32[58], and the sound f32[80] that goes with it."""
MOUTHS: dict[str, dict[str, Span]] = {
    "aa": {"jawOpen": (0.4, 0.75), "mouthLowerDown": (0.0, 0.3)},
    "eh": {"jawOpen": (0.2, 0.4), "mouthStretch": (0.0, 0.3), "mouthUpperUp": (0, 0.2)},
    "ee": {"jawOpen": (0.06, 0.2), "mouthStretch": (0.2, 0.5), "mouthSmile": (0.1, 0.4),
           "mouthLowerDown": (0.1, 0.4), "mouthUpperUp": (0.0, 0.3)},
    "oo": {"jawOpen": (0.1, 0.25), "mouthFunnel": (0.2, 0.5), "mouthPucker": (0.3, 0.7)},
    "oh": {"jawOpen": (0.25, 0.5), "mouthFunnel": (0.3, 0.6), "mouthPucker": (0.0, 0.3)},
    "fv": {"jawOpen": (0.03, 0.12), "mouthRollLower": (0.3, 0.5), "mouthUpperUp": (0.1, 0.4)},
    "th": {"jawOpen": (0.14, 0.28), "mouthLowerDown": (0.0, 0.3), "mouthUpperUp": (0, 0.2)},
    "s": {"jawOpen": (0.02, 0.1), "mouthStretch": (0.0, 0.3), "mouthLowerDown": (0.2, 0.5),
          "mouthUpperUp": (0.1, 0.4)},
    "sh": {"jawOpen": (0.03, 0.12), "mouthFunnel": (0.4, 0.7), "mouthLowerDown": (0.0, 0.3)},
    "laugh": {"jawOpen": (0.0, 0.3), "mouthSmile": (0.4, 0.9), "mouthUpperUp": (0.0, 0.4)},
}  # fmt: skip
"""Mouths of sounds further apart than one voice makes them, and a laugh."""
_MADE_UP = 0.35
"""Share of frames whose mouth is one of those."""
_TALK_S = 6.0
_STRENGTH = (0.4, 1.0)
_TURN, _CHANGE = 0.08, 0.2
"""Radians of a head; how far toward another mouth the frame before a made-up one lies."""
_LEAST = 0.12
"""Chance of a frame with a shut jaw, against the opening of others."""


def talks(data: Path, test: bool, count: int, seed: int) -> list[list[Frame]]:
    """What some seconds of each of `count` readers move, half of them with a feeling.

    Raises FileNotFoundError when there are no readers.
    """
    files = voice_files(data)["test" if test else "train"][:count]
    if not files:
        raise FileNotFoundError(f"{data}/librispeech: no readers there")
    rng = np.random.default_rng(seed)
    model = MotionModel.load(LipModel.load())
    out = []
    for file in files:
        sound = read_sound(file)[: round(_TALK_S * SAMPLE_RATE_HZ)]
        label = str(rng.choice(EMOTIONS))
        felt = EmotionOverride(label, float(rng.uniform(*_STRENGTH)))
        cues = cues_of(len(sound), felt if rng.random() < 0.5 else None)
        frames = move_file(sound, model, seed=int(rng.integers(1 << 30)), cues=cues)
        out.append([(frame.motion, frame.sound) for frame in frames])
    return out


def random_mouth(rng: np.random.Generator) -> F32:
    """f32[58] of one of MOUTHS or between two."""
    names = list(MOUTHS)
    first, second = (MOUTHS[names[int(i)]] for i in rng.choice(len(names), 2, replace=False))
    share = float(rng.choice([0.0, rng.uniform(0, 0.5)]))
    motion = np.zeros(MOTION_SIZE, np.float32)
    for shapes, part in ((first, 1 - share), (second, share)):
        for name, span in shapes.items():
            value = part * rng.uniform(*span)
            both = (name,) if name in MOTION_INDEX else (f"{name}Left", f"{name}Right")
            for one in both:
                motion[MOTION_INDEX[one]] += value * rng.uniform(0.9, 1.1)
    for name in ("headPitch", "headYaw", "headRoll"):
        motion[MOTION_INDEX[name]] = rng.normal(0, _TURN)
    return motion


def two_frames(spoken: Sequence[Sequence[Frame]], rng: np.random.Generator) -> tuple[Frame, Frame]:
    """A frame and the one before it: of a talk, wide ones more often, or made up."""
    if rng.random() < _MADE_UP:
        motion, other = random_mouth(rng), random_mouth(rng)
        before: F32 = (motion + _CHANGE * (other - motion)).astype(np.float32)
        return (before, None), (motion, None)
    talk = spoken[int(rng.integers(len(spoken)))]
    wide = np.array([_LEAST + frame[0][MOTION_INDEX["jawOpen"]] for frame in talk[1:]])
    at = 1 + int(rng.choice(len(wide), p=wide / wide.sum()))
    return talk[at - 1], talk[at]


class Speaker:
    """One avatar, drawn as it is and as it should be."""

    def __init__(self, avatar: Avatar, face: int = 0) -> None:
        ways = (
            WarpRenderer(avatar, avatar.size),
            WarpRenderer(avatar, avatar.size, mouth=FineMouth),
        )
        self._ways = [(way, way.new_state()) for way in ways]
        rest = MeshReader(avatar).rest()
        picture = self._picture(0, rest)
        self._cutter = Cutter(avatar, Drawn(picture, picture, rest), face)

    def _picture(self, way: int, mesh: Mesh) -> U8:
        renderer, state = self._ways[way]
        return renderer.draw(state, mesh)

    def drawn(self, motion: F32) -> Drawn:
        """The motion frame, and as its truth the same with its mouth drawn well."""
        mesh = self._ways[0][0].mesh(motion)
        return Drawn(self._picture(0, mesh), self._picture(1, mesh), mesh)

    def pairs(self, name: str, before: Frame, now: Frame) -> Pairs | None:
        """The mouth of a frame."""
        told = Told("spoken", name, *now)
        return self._cutter.cut(told, self.drawn(now[0]), self.drawn(before[0]))[0]

    def boxes(self, name: str, now: Frame) -> list[Pairs | None]:
        """Mouth, first and second eye of a frame, with none before it."""
        return self._cutter.cut(Told("acted", name, *now), self.drawn(now[0]), None)


def make(
    people: Portraits, spoken: Sequence[Sequence[Frame]], variants: int, seed: int,
    step: Callable[[], None], face: int = 0,
) -> Iterator[list[Pairs | None]]:  # fmt: skip
    """So many frames of each portrait; with teeth of their own in half of them where there are."""
    rng = np.random.default_rng(seed)
    for name, _, _, avatar in people.avatars(step):
        looks = [toothless(avatar)] + ([avatar] if avatar.teeth.any() else [])
        speakers = [Speaker(look, face) for look in looks]
        for k in range(variants):
            before, now = two_frames(spoken, rng)
            yield [speakers[k % len(speakers)].pairs(name, before, now), None, None]
