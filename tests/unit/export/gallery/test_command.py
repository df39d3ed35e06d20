from pathlib import Path

import cv2
import pytest

from export.gallery import command
from export.gallery.away import Found
from export.gallery.likeness import Figures, Likeness
from export.gallery.recipes import Recipe
from tests.unit.export.gallery.studio_folder import RECIPE, SIDE, draw
from tests.unit.export.gallery.test_likeness import colours

FINE = Figures(0.004, "male_1", 0.95, "male_2", 0.53)
NEAR = Figures(0.004, "male_1", 0.95, "male_2", 0.44)


@pytest.fixture
def argv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A small studio whose judge is stood in for."""
    monkeypatch.setattr(command, "RECIPES", {"test": RECIPE})
    monkeypatch.setattr(command, "Likeness", lambda p: Likeness(p, colours))
    monkeypatch.setattr(Likeness, "look", lambda *_: FINE)
    base = ["--data", str(draw(tmp_path)), "--out", str(tmp_path / "out"), "--size", str(SIDE)]
    return [*base, "--cache", str(tmp_path / "cache")]


def test_makes_the_portraits_asked_for_and_prints_their_figures(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([*argv, "--only", "test"]) == 0
    assert cv2.imread(str(tmp_path / "out" / "test.png")) is not None
    assert (tmp_path / "out" / "test.matte.png").is_file()
    said = capsys.readouterr().out
    assert "test.png" in said and "identity 0.530 (male_2)" in said


def test_a_portrait_too_near_a_source_fails_with_its_name(
    argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Likeness, "look", lambda *_: NEAR)
    assert command.main(argv) == 1
    assert "gallery: test: identity distance 0.440 to male_2" in capsys.readouterr().err


def test_fitting_alone_needs_no_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "RECIPES", {"test": RECIPE})
    fitted: list[Path] = []

    def fit(recipe: Recipe, made: Path, avatars: Path) -> str:
        fitted.append(avatars)
        return "done"

    monkeypatch.setattr(command, "fit_portrait", fit)
    where = ["--out", str(tmp_path), "--avatars", str(tmp_path / "avatars")]
    assert command.main(["--data", "none", "--fit-only", *where]) == 0
    assert fitted == [tmp_path / "avatars"] and "done" in capsys.readouterr().out


def test_a_portrait_that_was_not_made_cannot_be_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "RECIPES", {"test": RECIPE})
    assert command.main(["--fit-only", "--out", str(tmp_path)]) == 1
    assert "test.png" in capsys.readouterr().err


def test_a_search_prints_a_step_and_makes_nothing(
    argv: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "search", lambda *_: Found((0.1, -0.2), 0.55, "male_2", 0.0))
    assert command.main([*argv, "--search"]) == 0
    assert "step=(0.1, -0.2)" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_a_missing_data_folder_is_an_error_with_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--data", str(tmp_path / "none"), "--out", str(tmp_path)]
    assert command.main(argv) == 1
    assert "--data" in capsys.readouterr().err
