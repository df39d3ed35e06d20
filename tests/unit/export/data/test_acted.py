"""Portraits that act: labels are what the rig was told, boxes that cannot tell have none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.values import F32
from export.data import acted
from export.data.acted import NOBODY_SAYS, NOTHING, SEEN, Play
from export.data.render_stills import Portraits
from tests.support.sample_avatar import motion, sample, soft_mask

SOUND: F32 = np.zeros(80, np.float32)
STILL = Play(motion(), SOUND, 0, NOTHING)
SMILING = Play(motion(mouthSmile=0.8), SOUND, NOBODY_SAYS, "smile")
ASIDE = Play(motion(eyeLookOutLeft=0.8, eyeLookInRight=0.8), SOUND, NOBODY_SAYS, "look_left")


def rows() -> dict[str, acted.Acted]:
    mask = (soft_mask() * 255).astype(np.uint8)
    people = Portraits(["somebody"], sample().portrait[None], sample().landmarks[None], mask[None])
    shown = [[STILL], [SMILING], [ASIDE], []]
    return acted.gathered(acted.make(people, shown, 1, 1, lambda: None))


ROWS = rows()


def test_every_box_says_what_it_can_show() -> None:
    mouth, eyes = ROWS["mouth"], ROWS["eye"]
    assert mouth.action.tolist() == [NOTHING, "smile", ""]
    assert mouth.emotion.tolist() == [0, NOBODY_SAYS, NOBODY_SAYS]
    # The second eye's box is mirrored, and so is where it looks.
    assert eyes.action.tolist() == [NOTHING, NOTHING, "", "", "look_left", "look_right"]
    assert set(mouth.pairs.kind) == {"acted"} and not mouth.pairs.has_previous.any()
    moved = np.abs(mouth.pairs.truth[1].astype(int) - mouth.pairs.truth[0]).mean()
    assert moved > 1


def test_a_wink_is_seen_in_one_box_only() -> None:
    assert [acted.action_of("wink", k) for k in range(3)] == ["", "", "wink"]
    assert acted.action_of("nod", 0) == "" and acted.action_of("", 0) == ""


def test_they_are_kept_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "experts" / "mouth-acted.npz"
    ROWS["mouth"].save(path)
    again = acted.load(path)
    assert (again.pairs.truth == ROWS["mouth"].pairs.truth).all() and len(again) == 3
    assert again.take(again.action == "smile").emotion.tolist() == [NOBODY_SAYS]


def test_an_action_is_taken_where_it_is_at_its_furthest(monkeypatch: pytest.MonkeyPatch) -> None:
    class Frame:
        def __init__(self, value: float) -> None:
            self.motion: F32 = np.full(58, value, np.float32)
            self.sound = SOUND

    def move(_sound: F32, _model: object, *, seed: int, cues: object = ()) -> list[Frame]:
        values = [0, 0.2, 0.8, 1.0, 0.1] if cues else [0.0] * 5
        return [Frame(float(v)) for v in values]

    monkeypatch.setattr(acted, "move_file", move)
    rng = np.random.default_rng(1)
    found = acted._done(None, SOUND, "smile", rng)  # type: ignore[arg-type]
    assert [round(float(play.motion[0]), 1) for play in found] == [0.8, 1.0]
    monkeypatch.setattr(acted, "move_file", lambda *_, **__: [Frame(0.0)] * 3)
    assert acted._done(None, SOUND, "smile", rng) == []  # type: ignore[arg-type]


def test_plays_are_of_every_feeling_and_action(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match="no readers"):
        acted.plays(tmp_path, False, 1, 1)
    wanted: list[tuple[str, str]] = []
    monkeypatch.setattr(acted, "voice_files", lambda data: {"train": [Path("a"), Path("b")]})
    monkeypatch.setattr(acted, "read_sound", lambda path: np.zeros(16000 * 9, np.float32))
    monkeypatch.setattr("engines.motion.lips.LipModel.load", lambda: None)
    monkeypatch.setattr("engines.motion.model.MotionModel.load", lambda lips: None)
    for name in ("_felt", "_done"):

        def note(
            _model: object, sound: F32, what: object, _rng: object, of: str = name
        ) -> list[Play]:
            assert len(sound) == 16000 * 4
            wanted.append((of, str(what)))
            return [STILL]

        monkeypatch.setattr(acted, name, note)
    shown = acted.plays(tmp_path, False, 2, 1)
    assert all(len(kind) == 2 for kind in shown)
    assert {what for of, what in wanted if of == "_felt"} == {str(i) for i in range(8)}
    done = {what for of, what in wanted if of == "_done"}
    assert done == {name for names in SEEN.values() for name in names} - {NOTHING}
