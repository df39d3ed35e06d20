"""The exported nets give what torch gives, and the folder is the one the engine loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engines.backends.ort import open_session
from engines.render.boxes import EYE, KINDS, MOUTH
from engines.render.nets import load, shapes
from export.deploy.renderer_onnx import blank_feeds, halved, to_onnx, write_folder
from export.deploy.renderer_run import load_run
from tests.support.renderer_run import write_run


def test_onnx_gives_what_torch_gives_for_any_number_of_boxes(tmp_path: Path) -> None:
    run = load_run(write_run(tmp_path / "eye", EYE))
    models = to_onnx(run)
    assert set(models) == {"eye", "eye_reference"}
    session = open_session(models["eye"])
    assert [put.name for put in session.get_inputs()] == [*shapes(EYE)]
    for count in (1, 2):
        feeds = blank_feeds(EYE, count)
        with torch.no_grad():
            goal = run.box(*(torch.from_numpy(v) for v in feeds.values())).numpy()
        assert goal.std() > 1e-3
        np.testing.assert_allclose(session.run(None, feeds)[0], goal, atol=1e-5)


def test_halves_are_half_the_bytes_and_the_same_net(tmp_path: Path) -> None:
    run = load_run(write_run(tmp_path / "mouth", MOUTH))
    whole = to_onnx(run)["mouth"]
    small = halved(whole)
    assert len(small) < 0.62 * len(whole)
    feeds = blank_feeds(MOUTH)
    a, b = (open_session(model).run(None, feeds)[0] for model in (whole, small))
    assert 0 < np.abs(a - b).max() < 2e-3


def test_made_up_inputs_are_the_same_each_time_and_in_range() -> None:
    one, two = blank_feeds(MOUTH, 2), blank_feeds(MOUTH, 2)
    assert all((one[name] == two[name]).all() for name in one)
    assert one["time"].min() == 1 and 0 <= one["masks"].min() <= one["masks"].max() <= 1
    assert {name: value.shape for name, value in one.items()} == shapes(MOUTH, 2)


def test_the_folder_is_the_engines_own(tmp_path: Path) -> None:
    models: dict[str, bytes] = {}
    for kind in KINDS.values():
        models |= to_onnx(load_run(write_run(tmp_path / kind.name, kind)))
    folder = tmp_path / "out"
    told: dict[str, Any] = {"figures": {"mouth": 1}, "training": {}, "precision": {}}
    write_folder(folder, models, steps=2, cues=["sound"], **told)
    nets = load(folder)
    assert nets.steps == 2 and nets.cues == {"sound"}
    assert not list(folder.glob("*.part"))
    with pytest.raises(ValueError, match="mouth_reference"):
        write_folder(folder, {"eye": b""}, steps=1, cues=[], **told)
