"""`evaluate face` from the outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.face.finder import FaceFinder
from export.data.face_drawn import drawn_cache
from export.evaluate import face_cli
from export.evaluate.face_cli import main, overlay, report, sheet


def test_bars_are_judged_in_their_direction() -> None:
    text = report({"mean error %": 2.0, "lips %": 2.6, "found %": 97.0, "mask IoU": 0.9})
    assert text.count("met") == 1 and text.count("MISSED") == 2
    assert "mask IoU" in text


def test_overlays_show_both_meshes(tmp_path: Path) -> None:
    cache = drawn_cache(4, 1)
    tile = overlay(cache.photos[0], cache.photo_points[0] + 5, cache.photo_points[0])
    assert ((tile == (40, 40, 255)).all(2)).any()
    assert ((tile == (0, 255, 0)).all(2)).any()
    sheet(
        cache.photos[:2],
        [None, cache.photo_points[1]],
        cache.photo_points[:2],
        tmp_path / "a" / "s.png",
    )
    assert (tmp_path / "a" / "s.png").stat().st_size > 1000


def test_missing_data_and_damaged_weights_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path), "--cache", str(tmp_path)]) == 1
    assert "--data" in capsys.readouterr().err
    assert main(["--weights", str(tmp_path)]) == 1
    assert "manifest" in capsys.readouterr().err


def test_another_split_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(face_cli, "prepare", lambda *_: drawn_cache(4, 1))
    assert main([]) == 1
    assert "split" in capsys.readouterr().err


def test_all_figures_come_out_of_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = drawn_cache(8, 3)
    finder = FaceFinder.load()
    points = dict(zip((p.tobytes() for p in cache.photos), cache.photo_points, strict=True))

    class Known:
        def __getattr__(self, name: str) -> object:
            return getattr(finder, name)

        def find_faces(self, image: np.ndarray) -> object:
            known = image.tobytes() in points
            from engines.face.finder import Face
            from engines.face.frame import three_points

            if not known:
                return []
            return [Face(1.0, (0, 0, 1, 1), np.stack(three_points(points[image.tobytes()])))]

        def measure(self, image: np.ndarray, face: object) -> object:
            return self.landmarks(image)

        def landmarks(self, image: np.ndarray) -> object:
            from engines.face.finder import Landmarks, NoFace

            if image.tobytes() not in points:
                raise NoFace("not a known picture")
            return Landmarks(points[image.tobytes()], 0.0)

    out, seen, words = face_cli.evaluate(Known(), cache, 1)  # type: ignore[arg-type]
    assert out["mean error %"] == 0 and out["portraits measured %"] == 100
    assert out["false finds"] == 0 and out["negatives"] >= 8
    assert not words and all(m is not None for m in seen)
