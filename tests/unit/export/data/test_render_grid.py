"""Frames of a clip are chosen, drawn from another frame, and cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.render import landmarks as lm
from engines.render.warp import WarpRenderer
from engines.values import F32
from export.data import render_grid
from export.data.render_pairs import sorted_by_box
from tests.support.sample_avatar import motion, sample


def clip() -> render_grid.Clip:
    """The sample speaks and blinks."""
    drawing = WarpRenderer(sample())
    state = drawing.new_state()
    frames, points = [], []
    for jaw, blink in ((0.0, 0), (0.05, 0), (0.4, 0), (0.2, 0), (0.0, 0.9), (0.0, 0)):
        wanted = motion(jawOpen=jaw, eyeBlink=blink)
        frames.append(drawing.render(state, wanted))
        at = sample().landmarks.copy()
        at[: lm.MESH_POINTS] = drawing.mesh(wanted).placed * np.array([1, 1, -1], np.float32)
        points.append(at)
    sound = np.arange(6, dtype=np.float32)[:, None] * np.ones(80, np.float32)
    return render_grid.Clip("one", np.stack(frames), np.stack(points), sound)


CLIP = clip()


def test_open_mouths_and_shut_eyes_are_seen() -> None:
    gaps, eyes = render_grid.mouth_gaps(CLIP.points), render_grid.eye_shares(CLIP.points)
    assert np.argmax(gaps) == 2 and np.argmin(eyes) == 4 and eyes[4] < 0.4 < eyes[0]


def test_rare_frames_are_chosen_rather_and_the_first_never() -> None:
    rng = np.random.default_rng(0)
    count = np.bincount(
        np.concatenate([render_grid.choose(CLIP.points, 2, rng) for _ in range(300)]), minlength=6
    )
    assert count[0] == 0
    assert min(count[2], count[4]) > 1.3 * max(count[1], count[5])
    assert len(render_grid.choose(CLIP.points, 50, rng)) == 5


def test_a_clip_becomes_pairs_with_the_frame_before() -> None:
    rng = np.random.default_rng(1)
    puppet, at = render_grid.reference([CLIP], rng)
    rows = list(render_grid.clip_rows(CLIP, puppet, at, 5, rng))
    found = sorted_by_box(rows)
    mouth = found["mouth"]
    assert len(mouth) >= 4 and mouth.has_previous.all()
    assert set(mouth.kind) == {"grid"} and set(mouth.identity) == {render_grid.IDENTITY}
    assert mouth.open.max() > 0.15
    shut = found["eye"].open < 0.05
    assert shut.any() and not shut.all()
    away = np.abs(mouth.picture.astype(int) - mouth.truth).mean((1, 2, 3))
    assert away.max() < 12


def test_a_clip_that_lacks_something_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    def read(data: Path, tracks: Path, name: str) -> render_grid.Clip:
        if name == "lost":
            raise OSError("no such file")
        return CLIP

    monkeypatch.setattr(render_grid, "read_clip", read)
    rows = list(render_grid.make(tmp_path, tmp_path, ["one", "lost"], 2, 3, lambda: told.append(1)))
    assert len(rows) == 2 and len(told) == 2


def test_the_sound_cue_is_what_a_frame_has_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engines.render.cv import cv2
    from export.data.sound import write_wav

    (tmp_path / "grid_s1").mkdir()
    (tmp_path / "grid_s1" / "words.tsv").write_text("clip\tstart_frame\tend_frame\tword\n")
    path = tmp_path / "grid_s1" / "a.mkv"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 64))
    for _ in range(10):
        video.write(np.zeros((64, 64, 3), np.uint8))
    video.release()
    wave = np.zeros(640 * 10, np.float32)
    # Sound begins with block 5, which frame 4 is the first to hear.
    wave[640 * 5 :] = np.random.default_rng(0).normal(0, 0.1, 640 * 5)
    write_wav(tmp_path / "a.wav", wave)
    monkeypatch.setattr(render_grid, "read_sound", lambda p: _wave(tmp_path / "a.wav"))
    landmarks = np.zeros((10, 478, 3), np.float32)
    np.savez(tmp_path / "a.npz", landmarks=landmarks, found=np.ones(10, bool))
    made = render_grid.read_clip(tmp_path, tmp_path, "a")
    assert made.sound is not None
    level = made.sound.mean(1)
    assert made.sound.shape == (10, 80) and made.frames.shape == (10, 64, 64, 3)
    assert level[3] < level[4] - 0.3
    assert made.points[0, 0].tolist() == [-0.5, -0.5, 0]
    np.savez(tmp_path / "a.npz", landmarks=landmarks, found=np.zeros(10, bool))
    with pytest.raises(ValueError, match="no face in 10"):
        render_grid.read_clip(tmp_path, tmp_path, "a")


def _wave(path: Path) -> F32:
    from export.data.sound import read_sound

    return read_sound(path)
