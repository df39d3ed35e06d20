"""`evaluate avatars` from the outside."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engines.avatars.store import BUILTIN
from engines.values import F32, U8
from export.cli import main as export
from export.evaluate import avatars_cli
from export.evaluate.avatar_people import Person, built_in
from export.evaluate.avatars_cli import landmark_lines, main
from export.options import TRACKER_ENV
from export.rig.tracker import TrackerFailed


@pytest.fixture
def one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    first = next(built_in())
    blank = Person("wall", None, first.photo, 0.2, "NoFace: no face was found")
    monkeypatch.setattr(avatars_cli, "built_in", lambda: iter([blank, first]))


@pytest.mark.usefixtures("one_person")
def test_smoke_needs_no_data_and_says_what_it_did_not_measure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(["evaluate", "avatars", "--smoke", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "identity distance at rest" in text and "not measured" in text
    assert "refused: wall: NoFace: no face was found" in text
    raw = json.loads((tmp_path / "figures.json").read_text())
    assert len(raw["avatars"]) == 1 and raw["refused"] == {"wall": "NoFace: no face was found"}
    assert (tmp_path / "sheet-01.png").stat().st_size > 100_000
    assert len(list((tmp_path / "pictures").rglob("*.png"))) == 13


def test_without_data_or_judges_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv(TRACKER_ENV, raising=False)
    assert main(["--data", str(tmp_path)]) == 2
    assert "--tracker-python" in capsys.readouterr().err
    assert main(["--data", str(tmp_path), "--tracker-python", "python"]) == 1
    assert "--data FOLDER" in capsys.readouterr().err


def test_a_judge_that_fails_ends_the_program_with_its_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(avatars_cli, "held_out", lambda data: [])
    monkeypatch.setattr(avatars_cli, "make_people", lambda files, folder: [next(built_in())])

    def failing(*_: object) -> None:
        raise TrackerFailed("no model here")

    drawn = SimpleNamespace(pictures=np.zeros((13, 8, 8, 3), np.uint8))
    monkeypatch.setattr(avatars_cli, "draw", lambda person, motions: drawn)
    monkeypatch.setattr(avatars_cli, "judge", failing)
    assert main(["--data", "x", "--tracker-python", "python", "--out", str(tmp_path)]) == 1
    assert "no model here" in capsys.readouterr().err


def test_landmarks_are_held_against_the_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    person = next(built_in())
    assert person.avatar is not None
    truth = person.avatar.landmarks

    def teacher(photos: U8, python: Path) -> object:
        class Seen:
            landmarks: F32 = truth[None] + np.float32(0)

        return Seen()

    monkeypatch.setattr(avatars_cli, "track", teacher)
    mean, lips, lids = landmark_lines([BUILTIN / person.name / "portrait.png"], Path("python"))
    assert mean.verdict == "met" and mean.median is not None and 0 < mean.median < 3
    assert (lips.bar, lids.bar) == (2.5, 2.5) and mean.note.startswith("means over 1 of 1")
    assert landmark_lines([], None)[0].verdict == "not measured"
