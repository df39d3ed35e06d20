"""Films: the served renderers, frame by frame, and what is kept of them."""

from __future__ import annotations

import numpy as np
import pytest

from engines.avatars.bundle import Avatar
from engines.avatars.bundle import load as read_avatar
from engines.avatars.store import BUILTIN
from engines.motion.lips import LipModel
from engines.motion.model import MotionModel
from engines.render.boxes import MOUTH
from engines.render.warp import WarpRenderer
from engines.values import MOTION_INDEX, MOTION_SIZE, MotionFrame
from export.evaluate.film import cues_of, motions, repeated, shoot, shot


@pytest.fixture(scope="module")
def aria() -> Avatar:
    return read_avatar(BUILTIN / "aria")


def frame(pts: int, jaw: float = 0.0) -> MotionFrame:
    motion = np.zeros(MOTION_SIZE, np.float32)
    motion[MOTION_INDEX["jawOpen"]] = jaw
    return MotionFrame(pts, 0, motion, True, sound=np.ones(80, np.float32))


def test_sound_becomes_motions_as_in_a_session() -> None:
    model = MotionModel.load(LipModel.load())
    rng = np.random.default_rng(1)
    found = motions(model, rng.normal(0, 0.1, 640 * 8).astype(np.float32))
    assert len(found) == 8 and found[0].motion.shape == (MOTION_SIZE,)


def test_a_film_keeps_boxes_and_the_pictures_asked_for(aria: Avatar) -> None:
    given = shot(aria, [frame(0), frame(640, 0.8), frame(1280, 0.8)])
    film = shoot(given, WarpRenderer(aria, aria.size), [1])
    assert film.mouths.shape == (3, *MOUTH.shape, 3) and film.kept == [1]
    assert film.pictures.shape == (1, aria.size, aria.size, 3)
    assert (film.mouths[1] == film.mouths[2]).all()
    # An open mouth is darker inside.
    dark = [int((m[40:70, 50:80].max(2) < 60).sum()) for m in film.mouths]
    assert dark[1] > dark[0] + 50
    assert film.frame_ms.shape == (3,) and "mouth" in film.stages_ms


def test_motion_is_repeated_to_length() -> None:
    frames = [frame(0), frame(640)]
    assert [f.pts for f in repeated(frames, 5)] == [0, 640, 0, 640, 0]


def test_cues_are_what_a_session_tells() -> None:
    cues = cues_of(frame(0))
    assert cues.sound is not None and cues.emotion is None and cues.manner is None
