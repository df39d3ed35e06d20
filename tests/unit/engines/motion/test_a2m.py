"""The served net: seeds repeat bit for bit, sessions do not mix, bad weights are told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from engines.motion.a2m import A2M, DEFAULT_FOLDER, BadMotionWeights
from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX, HIGH, LOW
from engines.motion.feeling import FEELING_NAMES
from engines.motion.voice import VOICE_NAMES
from engines.values import F32, FRAME_RATE_HZ

MODEL = A2M.load()


def play(
    frames: int, seed: int = 1, temperature: float = 1.0, speaking: bool = False, **felt: float
) -> F32:
    voice, other, feeling, style = MODEL.nothing()
    if speaking:
        for name, value in (("speaking", 1.0), ("energy", 0.7), ("usual", 0.5), ("voiced", 0.8)):
            voice[VOICE_NAMES.index(name)] = value
    for name, value in felt.items():
        feeling[FEELING_NAMES.index(name)] = value
    state = MODEL.new_state(seed)
    rows = [MODEL.step(state, voice, other, feeling, style, temperature) for _ in range(frames)]
    return np.stack(rows)


def test_one_seed_repeats_and_two_differ() -> None:
    a, b, c = play(120), play(120), play(120, seed=2)
    assert (a == b).all()
    assert np.abs(a - c).max() > 0.02


def test_two_sessions_side_by_side_are_two_alone() -> None:
    one, two = MODEL.new_state(1), MODEL.new_state(2)
    rows = [
        (MODEL.step(one, *MODEL.nothing(), 1.0), MODEL.step(two, *MODEL.nothing(), 1.0))
        for _ in range(60)
    ]
    assert (np.stack([a for a, _ in rows]) == play(60, 1)).all()
    assert (np.stack([b for _, b in rows]) == play(60, 2)).all()


def test_without_temperature_nothing_is_left_to_chance() -> None:
    assert (play(80, 1, temperature=0.0) == play(80, 2, temperature=0.0)).all()


def test_an_hour_of_silence_stays_human() -> None:
    take = play(4 * 60 * FRAME_RATE_HZ)
    assert (take >= LOW).all() and (take <= HIGH).all()
    pose = take[:, CHANNEL_INDEX["headPitch"] : CHANNEL_INDEX["headRoll"] + 1]
    assert np.abs(pose).max() < 0.35
    late, early = pose[-1500:].std(0), pose[300:1800].std(0)
    assert (late < 3 * early + 0.01).all() and (early < 3 * late + 0.01).all()


def test_blinks_are_as_many_as_people_blink() -> None:
    take = play(4 * 60 * FRAME_RATE_HZ)
    shut = take[:, CHANNEL_INDEX["blinkLeft"]] > 0.5
    rate = float((~shut[:-1] & shut[1:]).sum()) / 4
    assert 6 <= rate <= 28


@pytest.mark.parametrize(
    ("emotion", "channel"),
    [
        ("joy", "smileLeft"),
        ("anger", "browDown"),
        ("sadness", "frown"),
        ("surprise", "wide"),
        ("fear", "browInner"),
        ("disgust", "sneer"),
        ("boredom", "droop"),
    ],
)
def test_what_is_felt_shows(emotion: str, channel: str) -> None:
    from engines.emotion.values import EMOTION_INDEX, EMOTIONS
    from engines.motion.feeling import felt

    shares = np.zeros(len(EMOTIONS), np.float32)
    shares[EMOTION_INDEX[emotion]] = 1.0
    told = dict(zip(FEELING_NAMES, felt(shares).tolist(), strict=True))
    at = CHANNEL_INDEX[channel]
    strong = play(100, speaking=True, **told)[50:, at].mean()
    plain = play(100, speaking=True)[50:, at].mean()
    assert strong > plain + 0.15


def test_shapes() -> None:
    assert play(3).shape == (3, CHANNEL_COUNT)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_FOLDER, tmp_path / "motion"))


def test_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadMotionWeights, match="train motion"):
        A2M.load(tmp_path)


def test_a_changed_net_is_told(copy: Path) -> None:
    path = copy / "motion.onnx"
    path.write_bytes(path.read_bytes()[:-9] + b"different")
    with pytest.raises(BadMotionWeights, match="does not match its manifest"):
        A2M.load(copy)


@pytest.mark.parametrize(
    ("key", "value"), [("schema", 99), ("channels", ["a"]), ("voice", []), ("state_size", 3)]
)
def test_another_version_is_told(copy: Path, key: str, value: object) -> None:
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest[key] = value
    path.write_text(json.dumps(manifest))
    with pytest.raises(BadMotionWeights):
        A2M.load(copy)
