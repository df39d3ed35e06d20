"""What is said of a weights folder that is whole, absent or damaged."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from engines.avatars.personal import read as read_personal
from engines.backends.ort import OrtBackend
from engines.render.boxes import EYE, KINDS, MASKS, MOUTH, Kind
from engines.render.conditions import CONDITION_SIZE, NOTHING, Cues
from engines.render.nets import (
    DEFAULT_FOLDER,
    NETS,
    REFERENCE,
    BadRendererWeights,
    NoRendererWeights,
    as_input,
    load,
    of_avatar,
    shapes,
)
from tests.support.personal_nets import write_personal
from tests.support.tiny_renderer import write_manifest, write_weights
from tests.support.tiny_wide import write_wide

MAX_BYTES = 12 * 2**20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "renderer")


def test_a_whole_folder_answers_for_any_number_of_boxes(folder: Path) -> None:
    nets = load(folder)
    assert nets.steps == 1 and len(nets.digest) == 16
    for kind in KINDS.values():
        h, w = kind.shape
        rest, masks = np.zeros((2, h, w, 3), np.uint8), np.zeros((2, MASKS, h, w), np.uint8)
        assert nets.reference(kind, rest, masks).shape == (2, REFERENCE, h // 4, w // 4)
        feeds = {name: np.ones(shape, np.float32) for name, shape in shapes(kind, 2).items()}
        assert nets.residual(kind, feeds).shape == (2, 3, h, w)


def test_inputs_are_those_the_nets_are_trained_with() -> None:
    assert [*shapes(EYE)] == [
        *("picture", "masks", "previous", "noised", "time", "condition", "reference")
    ]
    assert shapes(EYE, 2)["condition"] == (2, CONDITION_SIZE)


def test_levels_run_from_minus_one_to_one() -> None:
    picture = np.zeros((1, 4, 4, 3), np.uint8)
    picture[..., 2] = 255
    planes = as_input(picture)
    assert planes.shape == (1, 3, 4, 4) and planes.dtype == np.float32
    assert planes[0, 0].max() == -1 and planes[0, 2].min() == 1


def test_only_cues_of_the_training_are_passed_on(folder: Path) -> None:
    cues = Cues(np.ones(80, np.float32), np.ones(64, np.float32), np.ones(7, np.float32))
    known = load(folder).known(cues)
    assert known.sound is cues.sound and known.emotion is None and known.manner is None
    assert load(folder).known(NOTHING) == NOTHING


def test_no_folder_is_told_apart_from_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(NoRendererWeights, match="to-onnx --renderer"):
        load(tmp_path / "nothing")


def test_a_changed_and_a_missing_file_are_named(folder: Path) -> None:
    (folder / "eye.onnx").write_bytes(b"no net")
    with pytest.raises(BadRendererWeights, match=r"eye\.onnx is not the file"):
        load(folder)
    (folder / "mouth.onnx").unlink()
    with pytest.raises(BadRendererWeights, match=r"mouth\.onnx"):
        load(folder)


def test_what_is_no_net_is_named(folder: Path) -> None:
    (folder / "mouth_reference.onnx").write_bytes(b"no net")
    write_manifest(folder)
    with pytest.raises(BadRendererWeights, match=r"mouth_reference\.onnx"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 9}, "schema 9"),
        ({"sha256": None}, "hashes or steps"),
        ({"steps": 0}, "hashes or steps"),
        ({"sigma": 0.5}, "noise of 0.5"),
        ({"cues": ["weather"]}, "weather"),
        ({"cues": None}, "cues"),
        ({"int8": ["eye"]}, "int8"),
        ({"int8": {"../eye": "0"}}, "int8"),
    ],
)
def test_a_manifest_of_another_version_is_refused(
    folder: Path, change: dict[str, object], said: str
) -> None:
    write_manifest(folder, **change)
    with pytest.raises(BadRendererWeights, match=said):
        load(folder)


def test_a_manifest_that_is_no_json_is_refused(folder: Path) -> None:
    (folder / "manifest.json").write_text("[")
    with pytest.raises(BadRendererWeights, match="manifest"):
        load(folder)
    (folder / "manifest.json").write_text(json.dumps([]))
    with pytest.raises(BadRendererWeights, match="schema None"):
        load(folder)


def test_a_net_with_other_inputs_is_refused(folder: Path) -> None:
    model = onnx.load(folder / "mouth.onnx")
    model.graph.input[0].name = "photo"
    model.graph.node[0].input[0] = "photo"
    onnx.save(model, folder / "mouth.onnx")
    write_manifest(folder)
    with pytest.raises(BadRendererWeights, match="mouth:"):
        load(folder)


def test_a_net_with_another_output_shape_is_refused(folder: Path) -> None:
    (folder / "eye_reference.onnx").write_bytes((folder / "mouth_reference.onnx").read_bytes())
    write_manifest(folder)
    assert set(NETS) >= {"eye_reference"}
    model = onnx.load(folder / "eye_reference.onnx")
    model.graph.node[1].attribute[0].ints[:] = [8, 8]
    onnx.save(model, folder / "eye_reference.onnx")
    write_manifest(folder)
    with pytest.raises(BadRendererWeights, match="eye"):
        load(folder)


def test_the_shipped_nets_load_and_are_small() -> None:
    nets = load()
    assert nets.steps == 1 and nets.cues == {"sound"}
    assert sum(file.stat().st_size for file in DEFAULT_FOLDER.glob("*.onnx")) <= MAX_BYTES
    assert (DEFAULT_FOLDER / "README.md").is_file()


def test_the_cpu_runs_int8_and_a_back_end_given_floating_point() -> None:
    """What is drawn in 8 bits is near, not equal: and it is kept under the same digest."""
    on_cpu, given = load(), load(backend=OrtBackend())
    assert on_cpu.digest == given.digest
    for kind in KINDS.values():
        feeds = blank(kind)
        small, whole = on_cpu.residual(kind, feeds), given.residual(kind, feeds)
        apart = np.abs(small - whole)
        assert apart.max() > 1e-6 and apart.mean() < 0.1 * np.abs(whole).mean() + 0.004


def blank(kind: Kind) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    rng = np.random.default_rng(kind.width)
    return {
        name: (0.3 * rng.standard_normal(shape)).astype(np.float32)
        for name, shape in shapes(kind).items()
    }


def with_int8(folder: Path) -> str:
    """The eye's net beside itself in other weights, as if it were its int8; its digest."""
    (folder / "eye.int8.onnx").write_bytes((folder / "eye.onnx").read_bytes())
    return hashlib.sha256((folder / "eye.onnx").read_bytes()).hexdigest()


def test_int8_files_are_checked_whoever_runs(folder: Path) -> None:
    write_manifest(folder, int8={"eye": with_int8(folder)})
    load(folder)
    (folder / "eye.int8.onnx").write_bytes(b"damaged")
    for backend in (None, OrtBackend()):
        with pytest.raises(BadRendererWeights, match=r"eye\.int8\.onnx is not the file"):
            load(folder, backend=backend)
    (folder / "eye.int8.onnx").unlink()
    with pytest.raises(BadRendererWeights, match=r"eye\.int8\.onnx"):
        load(folder)


def test_int8_that_is_no_net_is_named_by_its_own_file(folder: Path) -> None:
    (folder / "eye.int8.onnx").write_bytes(b"no net")
    write_manifest(folder, int8={"eye": hashlib.sha256(b"no net").hexdigest()})
    with pytest.raises(BadRendererWeights, match=r"eye\.int8\.onnx"):
        load(folder)
    load(folder, backend=OrtBackend())


def test_int8_of_other_shapes_is_refused(folder: Path) -> None:
    model = onnx.load(folder / "eye.onnx")
    model.graph.input[0].name = "photo"
    model.graph.node[0].input[0] = "photo"
    onnx.save(model, folder / "eye.int8.onnx")
    digest = hashlib.sha256((folder / "eye.int8.onnx").read_bytes()).hexdigest()
    write_manifest(folder, int8={"eye": digest})
    with pytest.raises(BadRendererWeights, match="eye:"):
        load(folder)


def test_an_avatar_with_nets_of_its_own_is_drawn_with_them(tmp_path: Path, folder: Path) -> None:
    general = load(folder)
    assert of_avatar(None, general) is general
    write_personal(tmp_path, gain=0.05)
    own = read_personal(tmp_path)
    assert own is not None
    nets = of_avatar(own, general)
    assert nets.digest == own.nets != general.digest
    assert of_avatar(own, general) is nets  # One set for all sizes and stages.


def test_own_nets_that_were_changed_meanwhile_are_refused(tmp_path: Path, folder: Path) -> None:
    general = load(folder)
    write_personal(tmp_path, changes={"nets": "0" * 16})
    other = read_personal(tmp_path)
    with pytest.raises(BadRendererWeights, match="not the nets that were there"):
        of_avatar(other, general)
    (tmp_path / "renderer" / "eye.onnx").write_bytes(b"x")
    with pytest.raises(BadRendererWeights, match="train personal"):
        of_avatar(other, general)


def test_nets_of_a_whole_face_say_so_and_work_in_its_latent(tmp_path: Path) -> None:
    found = load(write_wide(tmp_path))
    assert found.face is not None and found.face.name == "face" and found.steps == 2
    rng = np.random.default_rng(1)
    boxes = rng.uniform(-1, 1, (2, 3, 256, 256)).astype(np.float32)
    latent = found.encoded(found.face, boxes)
    assert latent.shape == (2, *found.face.latent_shape)
    assert not found.changed(found.face, latent, np.zeros_like(latent)).any()
    assert found.changed(found.face, latent, latent).shape == boxes.shape
    # Of boxes in pixels both are nothing to do.
    assert found.encoded(MOUTH, boxes) is boxes
    assert found.changed(MOUTH, boxes, latent) is latent


@pytest.mark.parametrize("side", [0, 128, 512, "256", [256], True])
def test_a_whole_face_of_another_size_is_refused_by_name(tmp_path: Path, side: object) -> None:
    with pytest.raises(BadRendererWeights, match="pixels: take 256|face"):
        load(write_wide(tmp_path, face=side))
