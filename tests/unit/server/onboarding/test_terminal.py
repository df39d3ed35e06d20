"""What a person reads in a terminal or a pipe."""

from __future__ import annotations

import pytest
from rich.console import Console

from engines.avatars.inspection import Inspection, Remark
from engines.avatars.intake import BadImage
from engines.avatars.onboard import READING, SAVING
from engines.face.finder import NoFace
from server.onboarding import terminal
from server.onboarding.terminal import fault, progress, seen, sheet, table

Capture = pytest.CaptureFixture[str]


def test_a_bad_picture_says_what_came_and_what_was_wanted(capsys: Capture) -> None:
    fault("x", BadImage("no_image", what="no picture", got="a poem", wanted="a photo", remedy="y"))
    assert capsys.readouterr().err.splitlines() == [
        "x: no picture",
        "  got:    a poem",
        "  wanted: a photo",
        "  next:   y",
    ]
    fault("x", NoFace("no face was found; take another photo"))
    assert capsys.readouterr().err == "x: no face was found\n  next:   take another photo\n"


def test_in_a_pipe_each_step_is_a_line(capsys: Capture) -> None:
    with progress() as on_step:
        on_step(READING)
        on_step(SAVING)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith("Reading the picture") and lines[-1] == "100% done"


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(force_terminal=True, width=80, record=True)
    monkeypatch.setattr(terminal, "console", lambda **_: screen)
    with progress() as on_step:
        on_step(SAVING)
    assert "Saving" in screen.export_text()


def test_rows_are_whole_in_a_pipe_and_no_markup(capsys: Capture) -> None:
    table(("Name", "Credit"), [("zoe", "[red]long[/red] " * 12)])
    out = capsys.readouterr().out
    assert "[red]long[/red] [red]long" in out
    assert len([line for line in out.splitlines() if "zoe" in line]) == 1
    sheet({"name": "zoe", "consent": "[bold]I agree[/bold]"})
    assert "[bold]I agree[/bold]" in capsys.readouterr().out


def test_faces_to_choose_from_and_warnings(capsys: Capture) -> None:
    boxes = [(0.1, 0.2, 0.2, 0.2), (0.6, 0.2, 0.2, 0.2)]
    warnings = [Remark("dim", "It is dim.", "Go out.")]
    seen("a.jpg", Inspection(9, 9, boxes, warnings=warnings))
    assert capsys.readouterr().err == "a.jpg: It is dim. Go out.\n"
    seen("a.jpg", Inspection(9, 9, boxes, problem=Remark("several_faces", "Two.", "Crop.")))
    assert "--face 1: 70% from the left" in capsys.readouterr().err
