"""Whether a wished emotion shows: neutral speech is moved and drawn, a stranger judges the frames.

Offline; one thread, some seconds an avatar and emotion.
Never shows the judge which emotion was wished.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.avatars.bundle import Avatar
from engines.emotion.values import EmotionOverride
from engines.motion.model import MotionModel
from engines.motion.wishes import Feel, Wish
from engines.render.cv import cv2
from engines.render.warp import WarpRenderer
from engines.values import F32, U8
from export.evaluate.motion_run import move
from export.judges.expression import LABELS, ExpressionJudge

WISHED = ("neutral", "joy", "anger", "sadness", "surprise")
EVERY = 15
"""Frames between two that are judged: 0.6 s."""
SETTLED = 25
"""A second for the emotion to come up."""
SIZE = 512
SHEET_AT = 100
"""Frame that a sheet shows: four seconds after the start."""
SHEET_PX = 240


@dataclass(frozen=True, slots=True)
class MoodFigures:
    """Of all avatars together."""

    matrix: F32
    """f32[5,5]: share of frames of each wished emotion (row) judged as each (column)."""
    recognised: float
    """Mean of the diagonal."""
    whole: float
    """Share of (avatar, emotion) pairs whose frames together are judged right."""


def wishes_for(emotion: str) -> list[Wish]:
    """The override at full intensity."""
    return [Feel(EmotionOverride(emotion))]


def frames_of(model: MotionModel, avatar: Avatar, samples: F32, emotion: str) -> tuple[U8, F32]:
    """Pictures u8[N,S,S,3] of the settled emotion, and the avatar's mesh for each."""
    motions = move(model, samples, wishes=wishes_for(emotion))[SETTLED::EVERY]
    renderer = WarpRenderer(avatar, SIZE)
    state = renderer.new_state()
    pictures = np.stack([renderer.render(state, motion) for motion in motions])
    mesh = avatar.landmarks * np.float32(SIZE / avatar.size)
    return pictures, np.broadcast_to(mesh, (len(pictures), *mesh.shape))


def judge_moods(votes: dict[tuple[str, str], F32]) -> MoodFigures:
    """Figures of probabilities f32[N,7] by (avatar, emotion); the five wished ones compete."""
    columns = [LABELS.index(name) for name in WISHED]
    matrix = np.zeros((len(WISHED), len(WISHED)))
    right = []
    for row, emotion in enumerate(WISHED):
        parts = [shares[:, columns] for (_, wished), shares in votes.items() if wished == emotion]
        best = np.concatenate(parts).argmax(1)
        matrix[row] = np.bincount(best, minlength=len(WISHED)) / len(best)
        right += [int(part.mean(0).argmax()) == row for part in parts]
    return MoodFigures(
        matrix.astype(np.float32), float(np.diag(matrix).mean()), float(np.mean(right))
    )


def show_matrix(figures: MoodFigures) -> str:
    """A table: rows wished, columns judged, per cent."""
    head = f"{'wished / judged':<16}" + "".join(f"{name:>10}" for name in WISHED)
    rows = [
        f"{name:<16}" + "".join(f"{100 * share:>9.0f}%" for share in row)
        for name, row in zip(WISHED, figures.matrix.tolist(), strict=True)
    ]
    return "\n".join([head, *rows])


def measure_moods(
    model: MotionModel, avatars: list[Avatar], samples: F32, judge: ExpressionJudge
) -> dict[tuple[str, str], F32]:
    """The judge's votes by (avatar, emotion)."""
    return {
        (avatar.name, emotion): judge.judge(*frames_of(model, avatar, samples, emotion))
        for avatar in avatars
        for emotion in WISHED
    }


def draw_sheet(model: MotionModel, avatars: list[Avatar], samples: F32) -> U8:
    """A picture: an avatar a row, an emotion a column, all in the same moment of speech."""
    motions = [move(model, samples, wishes=wishes_for(name))[SHEET_AT] for name in WISHED]
    rows = []
    for avatar in avatars:
        renderer = WarpRenderer(avatar, SIZE)
        state = renderer.new_state()
        faces = [renderer.render(state, motion)[20:480, 26:486] for motion in motions]
        small = [cv2.resize(f, (SHEET_PX, SHEET_PX), interpolation=cv2.INTER_AREA) for f in faces]
        rows.append(np.hstack(small))
    out: U8 = np.vstack(rows)
    return out
