"""Tests of export.data.track (its mediapipe part runs in another interpreter)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from export.data import track


class FakeMesh:
    """Finds a face at the brightness of the first pixel; none in black frames."""

    def process(self, frame: np.ndarray) -> SimpleNamespace:
        value = float(frame[0, 0, 0]) / 255.0
        if value == 0.0:
            return SimpleNamespace(multi_face_landmarks=None)
        point = SimpleNamespace(x=value, y=0.5, z=0.1)
        return SimpleNamespace(multi_face_landmarks=[SimpleNamespace(landmark=[point] * 478)])


def _video(folder: Path, levels: list[int]) -> Path:
    frames = np.zeros((len(levels), 8, 16, 3), np.uint8)
    frames[:] = np.array(levels, np.uint8)[:, None, None, None]
    path = folder / "clip.npy"
    np.save(path, frames)
    return path


def test_landmarks_are_in_pixels_and_gaps_are_filled(tmp_path: Path) -> None:
    arrays = track.track(_video(tmp_path, [51, 0, 153]), FakeMesh())
    assert arrays["landmarks"].shape == (3, 478, 3)
    np.testing.assert_array_equal(arrays["found"], [True, False, True])
    np.testing.assert_allclose(arrays["landmarks"][:, 0, 0], [3.2, 6.4, 9.6], rtol=1e-5)
    np.testing.assert_allclose(arrays["landmarks"][:, 0, 1], 4.0)
    np.testing.assert_array_equal(arrays["size"], [16, 8])


def test_frames_before_and_after_the_face_copy_the_nearest(tmp_path: Path) -> None:
    arrays = track.track(_video(tmp_path, [0, 51, 0, 0]), FakeMesh())
    np.testing.assert_allclose(arrays["landmarks"][:, 0, 0], 3.2, rtol=1e-5)


def test_no_face_at_all_gives_zeros(tmp_path: Path) -> None:
    arrays = track.track(_video(tmp_path, [0, 0]), FakeMesh())
    assert not arrays["landmarks"].any() and not arrays["found"].any()


def test_an_unreadable_video_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.mkv"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"bad\.mkv"):
        list(track.read_frames(path))
