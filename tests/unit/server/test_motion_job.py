"""The motion command: the engine's own motion, and every wrong request with its next step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Feel, Say, Wish
from engines.offline import move_file
from server.arkit import for_heads
from server.motion_job import MotionJob, make_motion
from server.render import RenderError, read_voice
from tests.support.fake_motion import FakeMotionModel, FakeMotionState
from tests.unit.server.test_render import tone, write_wav


@pytest.fixture
def job(tmp_path: Path) -> MotionJob:
    audio = write_wav(tmp_path / "in.wav", tone(1.0))
    return MotionJob(audio, tmp_path / "out.npz", 25, 3, quiet=True)


def test_the_file_holds_what_the_engine_does(job: MotionJob) -> None:
    said = make_motion(job, FakeMotionModel)
    assert "25 frames at 25 a second" in said and "interpolated" not in said
    wanted = move_file(read_voice(job.audio), FakeMotionModel(), seed=3)
    with np.load(job.out, allow_pickle=False) as data:
        motion = for_heads(np.stack([frame.motion for frame in wanted]))
        np.testing.assert_array_equal(data["values"], motion)


def test_another_rate_is_said_to_be_interpolated(job: MotionJob) -> None:
    said = make_motion(replace(job, fps=60), FakeMotionModel)
    assert "60 frames at 60 a second, interpolated from the engine's 25" in said


def test_feeling_and_words_reach_the_face(job: MotionJob) -> None:
    heard: list[Wish] = []

    class Told(FakeMotionModel):
        def obey(self, state: FakeMotionState, wish: Wish) -> None:
            heard.append(wish)

    joy = EmotionOverride("joy", intensity=0.8)
    make_motion(replace(job, feeling=joy, text="What a day! Truly."), Told)
    assert heard == [Feel(joy), Say("What a day!"), Say("Truly.")]


def test_a_file_that_is_there_stays_unless_forced(job: MotionJob) -> None:
    job.out.write_text("mine")
    with pytest.raises(RenderError, match="--force"):
        make_motion(job, FakeMotionModel)
    assert job.out.read_text() == "mine"
    make_motion(replace(job, force=True), FakeMotionModel)
    assert job.out.read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"out": "out.txt"}, "must end with .csv, .json, .npz"),
        ({"out": "out"}, "must end with"),
        ({"out": "none/out.csv"}, "make it first"),
        ({"out": "folder.csv"}, "this is a folder"),
        ({"audio": "none.wav"}, "no such file"),
        ({"audio": "text.wav"}, "not a sound file"),
        ({"audio": "short.wav"}, "shorter than one frame"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_loaded(
    job: MotionJob, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "text.wav").write_text("this is not sound")
    write_wav(tmp_path / "short.wav", tone(0.01))
    paths = {name: tmp_path / value for name, value in change.items()}

    def load() -> FakeMotionModel:
        raise AssertionError("loaded")

    with pytest.raises(RenderError, match=said):
        make_motion(replace(job, **paths), load)  # type: ignore[arg-type]
    assert not job.out.exists()
