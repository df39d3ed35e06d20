"""The feed: emotions at five a second, motions only for those who asked."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from engines.emotion.values import EMOTIONS, Z_SIZE, Emotion
from engines.values import MOTION_NAMES, MOTION_SIZE, Picture
from server.face_feed import FaceFeed


def picture(at: int, feels: bool = True) -> Picture:
    shares = np.zeros(len(EMOTIONS), np.float32)
    shares[EMOTIONS.index("joy")] = 1.0
    emotion = Emotion(
        np.zeros(Z_SIZE, np.float32), shares, 0.8, 0.5, 0.9, frozenset({"text", "speech"})
    )
    image = np.zeros((4, 4, 3), np.uint8)
    motion = np.full(MOTION_SIZE, 0.25, np.float32)
    return Picture(640 * at, 0, image, motion, emotion if feels else None)


def feed() -> tuple[FaceFeed, list[Mapping[str, object]]]:
    told: list[Mapping[str, object]] = []
    return FaceFeed(told.append), told


def test_five_emotions_a_second_and_no_motion_unasked() -> None:
    one, told = feed()
    for at in range(25):
        one.shown(picture(at))
    assert [event["type"] for event in told] == ["emotion"] * 5
    first = json.loads(json.dumps(told[0]))
    assert first["label"] == "joy" and first["probabilities"]["joy"] == 1.0
    assert first["sources"] == ["speech", "text"]


def test_every_motion_for_those_who_asked_and_its_names_first() -> None:
    one, told = feed()
    one.subscribe(True)
    one.subscribe(True)
    for at in range(3):
        one.shown(picture(at, feels=False))
    assert [event["type"] for event in told] == ["motion_names", "motion", "motion", "motion"]
    assert told[0]["names"] == list(MOTION_NAMES)
    assert told[2]["t"] == 0.04
    seal = MOTION_NAMES.index("mouthClose")
    wanted = [0.0625 if at == seal else 0.25 for at in range(MOTION_SIZE)]
    assert told[2]["values"] == wanted
    one.subscribe(False)
    one.shown(picture(4, feels=False))
    assert len(told) == 4


def test_a_motion_fits_a_message() -> None:
    one, told = feed()
    one.subscribe(True)
    one.shown(picture(0))
    assert len(json.dumps(told[1])) < 1200
