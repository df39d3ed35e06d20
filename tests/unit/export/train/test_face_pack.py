"""From trained nets to a folder that loads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from engines.face.parts import PARTS
from engines.face.person import SIDE_PX
from engines.face.weights import load
from export.nets.face import OcclusionNet, PointNet, SceneNet
from export.nets.person import PersonNet
from export.train.face_pack import pack, write_json


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_packed_folder_loads_and_tells_its_story(tmp_path: Path) -> None:
    nets: dict[str, nn.Module] = {
        name: PointNet(PARTS[name].side_px, len(PARTS[name].points), 4, (8, 8, 8), 8)
        for name in ("mesh", "lips", "eye")
    }
    nets["scene"] = SceneNet()
    nets["occlusion"] = OcclusionNet(PointNet(96, 478, 4, (8, 8, 8), 8))
    nets["person"] = PersonNet(SIDE_PX)
    pack(nets, range(478), {"held_out": ["a", "b"]}, tmp_path / "face")
    assert load(tmp_path / "face").mirror[5] == 5
    assert json.loads((tmp_path / "face" / "manifest.json").read_text())["held_out"] == ["a", "b"]
    card = (tmp_path / "face" / "README.md").read_text()
    assert "2 portraits" in card and "CC0" in card
    assert not list((tmp_path / "face").glob("*.part*"))
    crop = np.zeros((1, 64, 64, 3), np.uint8)
    assert load(tmp_path / "face").run("lips", crop, "fine").shape == (
        1,
        len(PARTS["lips"].points),
        3,
    )


def test_a_card_that_people_wrote_stays(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text("figures, split, licence")
    pack({}, range(478), {"held_out": ["a"]}, tmp_path)
    assert card.read_text() == "figures, split, licence"
    card.unlink()
    pack({}, range(478), {"held_out": ["a"]}, tmp_path)
    assert "1 portraits" in card.read_text()


def test_json_is_written_whole(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": 1})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
