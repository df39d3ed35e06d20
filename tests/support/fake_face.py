"""A MotionModel with stand-ins for lips and emotion, and the shipped audio-to-motion net.

Used on whatever thread drives the model under test.
Never loads the lip net or the emotion weights.
"""

from __future__ import annotations

from functools import cache

from engines.motion.a2m import A2M
from engines.motion.model import LipsSource, MotionModel
from tests.support.fake_emotion import FakeEmotion
from tests.support.fake_lips import FakeLipModel


@cache
def _a2m() -> A2M:
    return A2M.load()


def fake_face(lips: LipsSource | None = None) -> MotionModel:
    """Lips (default: the jaw follows loudness), a performing face, and feelings as told."""
    return MotionModel(lips or FakeLipModel(), _a2m(), FakeEmotion())
