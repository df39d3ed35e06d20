"""The whole face's nets exported: what torch gives, the folder the engine loads, plans built."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engines.backends import torch_backend
from engines.backends.base import Model
from engines.backends.networks import WIDE, Axis, NetworkRow
from engines.backends.ort import open_session
from engines.backends.plan_build import Builder
from engines.backends.plan_store import PlanStore
from engines.backends.torch_backend import TorchBackend
from engines.render.diffusion import DiffusionRenderer
from engines.render.nets import FACE_NETS, REFERENCE, load, shapes
from export.deploy.renderer_cli import main_onnx
from export.deploy.renderer_onnx import blank_feeds
from export.deploy.renderer_run import BadRun
from export.deploy.wide_onnx import WideRun, is_wide, load_wide, to_onnx
from export.train.renderer import Trained
from export.train.renderer_cli import SMOKE_FACE
from tests.support.renderer_run import SMALL
from tests.support.sample_avatar import motion, sample


def write_run(folder: Path, **changes: object) -> Path:
    """A run of the smallest net, drawing something."""
    torch.manual_seed(3)
    nets = Trained(SMOKE_FACE)
    torch.nn.init.normal_(nets.mean.box.last.weight, 0, 0.05)
    tensors = {f"net.{name}": value for name, value in nets.state_dict().items()}
    folder.mkdir(parents=True)
    save_file(tensors, str(folder / "checkpoint.safetensors"), metadata={"epoch": "7"})
    note = {"box": "face", "net": SMOKE_FACE.as_dict(), "side": 256}
    (folder / "config.json").write_text(json.dumps(note | changes))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("wide") / "run")


@pytest.fixture(scope="module")
def run(folder: Path) -> WideRun:
    return load_wide(folder)


@pytest.fixture(scope="module")
def models(run: WideRun) -> dict[str, bytes]:
    return to_onnx(run)


def test_onnx_gives_what_torch_gives_for_any_number_of_faces(
    run: WideRun, models: dict[str, bytes]
) -> None:
    assert set(models) == set(FACE_NETS)
    drawing, decoder = open_session(models["face"]), open_session(models["face_decoder"])
    encoder = open_session(models["face_encoder"])
    assert [put.name for put in drawing.get_inputs()] == [*shapes(run.kind)]
    for count in (1, 3):
        feeds = blank_feeds(run.kind, count)
        given = {name: torch.from_numpy(value) for name, value in feeds.items()}
        with torch.no_grad():
            goal = run.nets.box(*given.values())
            change = run.nets.codec.difference(given["picture"], goal)
        drawn = drawing.run(None, feeds)[0]
        np.testing.assert_allclose(drawn, goal.numpy(), atol=1e-5)
        assert goal.std() > 1e-3
        both = {"picture": feeds["picture"], "residual": drawn}
        np.testing.assert_allclose(decoder.run(None, both)[0], change.numpy(), atol=1e-5)
        assert change.std() > 1e-5
    box = np.random.default_rng(1).uniform(-1, 1, (2, 3, 256, 256)).astype(np.float32)
    with torch.no_grad():
        latent = run.nets.codec.encode(torch.from_numpy(box)).numpy()
    np.testing.assert_allclose(encoder.run(None, {"box": box})[0], latent, atol=1e-4)


def test_the_command_writes_the_engines_folder(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["--renderer", str(folder), "--steps", "2", "--out", str(out)]
    assert main_onnx(words) == 0
    assert "the whole face at 256" in capsys.readouterr().out
    nets = load(out)
    assert nets.face is not None and nets.face.width == 256 and nets.steps == 2
    (out / "face_decoder.onnx").write_bytes(b"cut short")
    with pytest.raises(Exception, match="face_decoder.onnx is not the file"):
        load(out)


@pytest.mark.parametrize(
    "changes", [{"side": 300}, {"side": None}, {"net": SMALL.as_dict()}, {"net": 3}]
)
def test_a_run_that_is_none_of_a_face_is_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    broken = write_run(tmp_path / "run", **changes)
    with pytest.raises(BadRun, match="run"):
        load_wide(broken)
    assert is_wide(broken) and not is_wide(tmp_path)


def test_torch_draws_it_with_a_sessions_rows_where_it_runs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--renderer", str(folder), "--steps", "2", "--out", str(tmp_path)]
    assert main_onnx(words) == 0
    few = {row.name: replace(row, axis=Axis(1, 1, 2, (1, 2))) for row in WIDE}
    monkeypatch.setattr(torch_backend, "NETWORKS", few)
    nets = load(tmp_path, backend=TorchBackend())
    held, fed = (DiffusionRenderer(sample(), 128, nets=each) for each in (nets.hold(1), nets))
    state, other = held.new_state(3), fed.new_state(3)
    held.settle(state)
    ((kind, box),) = state.boxes.items()
    rest = (REFERENCE, *kind.latent_shape[1:])
    row_bytes = 4 * sum(math.prod(each) for each in (kind.latent_shape, kind.latent_shape, rest))
    assert len(box.slots) == 1 and nets.hold(3).slots["face"].device_bytes == 3 * row_bytes
    for opened in (0.1, 0.5, 0.2):
        values = motion(jawOpen=opened)
        np.testing.assert_array_equal(held.render(state, values), fed.render(other, values))
    assert state.boxes[kind].previous.any()


@pytest.mark.parametrize("row", WIDE, ids=lambda row: row.name)
def test_a_plan_of_it_is_built_without_a_card(
    models: dict[str, bytes], tmp_path: Path, row: NetworkRow
) -> None:
    pytest.importorskip("tensorrt_rtx", reason="the extra trt-rtx is not installed")
    model = Model(row.name, models[row.name.split("/")[1]])
    manifest = Builder.of(None).build(row, model, PlanStore(tmp_path))
    assert manifest.key.precision == "fp16"
