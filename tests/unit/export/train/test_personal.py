"""Everybody's nets are read back out of their ONNX, and made one face's."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.backends.ort import OrtBackend
from engines.render.boxes import EYE, KINDS
from engines.render.nets import DEFAULT_FOLDER, load, shapes
from export.deploy.renderer_onnx import blank_feeds
from export.train.personal import (
    CONFIG,
    KEPT_SHARE,
    NotTrainable,
    Work,
    everybodys,
    fine_tune,
    mixed,
)
from export.train.renderer import Nets
from export.train.renderer_cli import SMOKE, made_up


@pytest.mark.parametrize("name", [*KINDS])
def test_what_ships_can_be_trained_on(name: str) -> None:
    nets, served = everybodys(name), load(backend=OrtBackend())
    feeds = blank_feeds(KINDS[name])
    with torch.inference_mode():
        drawn = nets.box(*(torch.from_numpy(feeds[key]) for key in shapes(KINDS[name]))).numpy()
    np.testing.assert_allclose(drawn, served.residual(KINDS[name], feeds), atol=1e-4)
    assert np.abs(drawn).mean() > 1e-3


def test_nets_that_cannot_be_trained_on_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotTrainable, match="mouth nets"):
        everybodys("mouth", tmp_path)
    folder = Path(shutil.copytree(DEFAULT_FOLDER, tmp_path / "nets"))
    path = folder / "manifest.json"
    note = json.loads(path.read_text())
    note["training"]["eye"]["net"]["hidden"] = 64
    path.write_text(json.dumps(note))
    with pytest.raises(NotTrainable, match="floating point"):
        everybodys("eye", folder)
    (folder / "eye_reference.onnx").unlink()
    path.write_text((DEFAULT_FOLDER / "manifest.json").read_text())
    with pytest.raises(NotTrainable, match="eye nets"):
        everybodys("eye", folder)


def test_some_of_each_batch_is_what_is_to_stay() -> None:
    own, stays = made_up("mouth", 12), made_up("mouth", 5, seed=2)
    pairs, chance = mixed(own, stays, "mouth")
    assert len(pairs) == 17 and chance.sum() == pytest.approx(1)
    assert chance[12:].sum() == pytest.approx(KEPT_SHARE)
    alone, chance = mixed(own, stays.take([]), "mouth")
    assert len(alone) == 12 and chance.sum() == pytest.approx(1)


def test_a_box_is_trained_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    assert SMOKE.net is not None
    torch.set_num_threads(1)
    torch.manual_seed(3)
    base, pairs = Nets(SMOKE.net), made_up("eye", 16)
    config = replace(CONFIG, batch=2, net=SMOKE.net)
    short = Work(tmp_path, 0, config=config, steps=1)
    first = fine_tune("eye", base, pairs, pairs.take([0]), pairs, short)
    assert first.kind is EYE and first.step == 1
    folder = tmp_path / "eye"
    assert (folder / "curves.png").is_file() and list((folder / "sheets").glob("*.png"))
    whole = json.loads((folder / "config.json").read_text())
    assert whole["plain"] and whole["net"]["hidden"] == SMOKE.net.hidden
    longer = fine_tune(
        "eye", base, pairs, pairs.take([0]), pairs, replace(short, steps=2, resume=True)
    )
    assert longer.step == 2
    again = fine_tune("eye", base, pairs, pairs.take([0]), pairs, replace(short, steps=2))
    assert again.step == 2
    for a, b in zip(longer.box.parameters(), again.box.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    moved = [float((a - b).abs().max()) for a, b in
             zip(again.box.parameters(), base.box.parameters(), strict=True)]  # fmt: skip
    assert max(moved) > 1e-4
