"""Running the model offline: every whole frame, whatever the pieces."""

from __future__ import annotations

import numpy as np

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Feel
from engines.values import MOTION_INDEX, MOTION_SIZE
from export.evaluate.motion_run import move
from tests.support.fake_face import fake_face
from tests.support.voices import voice


def test_pieces_change_nothing() -> None:
    sound = voice(1.5)
    whole = move(fake_face(), sound)
    assert whole.shape == (37, MOTION_SIZE)
    assert (whole == move(fake_face(), sound, chunk=317)).all()
    assert (whole != move(fake_face(), sound, seed=2)).any()


def test_wishes_are_obeyed() -> None:
    plain = move(fake_face(), voice(2.0))
    glad = move(fake_face(), voice(2.0), wishes=[Feel(EmotionOverride("joy"))])
    smile = MOTION_INDEX["mouthSmileLeft"]
    assert np.mean(glad[25:, smile]) > np.mean(plain[25:, smile]) + 0.2
