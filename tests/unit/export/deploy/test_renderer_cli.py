"""The three commands on small runs: what they write, print and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
import torch

from engines.backends.ort import OrtBackend
from engines.render.boxes import EYE, KINDS, MOUTH
from engines.render.nets import DEFAULT_FOLDER, load
from export.data.render_cache import path_of
from export.deploy import renderer_cli, renderer_parity
from export.judges.perceptual import PerceptualMissing
from tests.support.renderer_run import made_up, write_runs


class Alike:
    """In the judge's place: mean difference."""

    def __call__(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a - b).abs().mean((1, 2, 3))


def both(runs: Path) -> list[str]:
    return [str(runs / name) for name in KINDS]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(renderer_parity, "RUNS", 1)
    monkeypatch.setattr(renderer_cli, "load_judge", lambda cache, tracker: Alike())
    for kind in KINDS.values():
        for test in (False, True):
            made_up(kind).save(path_of(tmp_path / "cache", kind.name, "grid", test))
    return write_runs(tmp_path / "runs")


def test_to_onnx_writes_what_the_engine_loads(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"
    figures.write_text('{"mouth": 30}')
    out = tmp_path / "out"
    given = [
        "--renderer",
        *both(runs),
        "--out",
        str(out),
        "--figures",
        str(figures),
        "--steps",
        "2",
    ]
    assert renderer_cli.main_onnx(given) == 0
    assert load(out).steps == 2 and "MB" in capsys.readouterr().out
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["figures"] == {"mouth": 30} and manifest["precision"]["eye"] == "fp32"
    assert manifest["training"]["mouth"]["step"] == 7


def test_columns_are_of_the_mouth_alone(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    given = ["--renderer", *both(runs), "--out", str(out)]
    assert renderer_cli.main_onnx([*given, "--columns", "1.25"]) == 0
    training = json.loads((out / "manifest.json").read_text())["training"]
    assert [training[box]["net"]["columns"] for box in ("mouth", "eye")] == [1.25, 0.0]
    # By these names `train personal` reads them back.
    for box, there in (("mouth", True), ("eye", False)):
        names = {
            constant.name for constant in onnx.load(str(out / f"{box}.onnx")).graph.initializer
        }
        assert ("columns.down" in names) == there, box
    assert renderer_cli.main_onnx([*given, "--columns", "5"]) == 1
    assert "wanted 0 to 4" in capsys.readouterr().err


def test_quantize_prints_its_table_and_ships_the_better(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--renderer", *both(runs), "--out", str(tmp_path / "out")]
    assert renderer_cli.main_quantize([*given, "--cache", str(tmp_path / "cache")]) == 0
    said = capsys.readouterr().out
    assert "| int8 |" in said and "eye: int8 ships" in said and "nan" not in said
    text = (tmp_path / "out" / "manifest.json").read_text()
    manifest = json.loads(text)
    assert manifest["precision"] == {"mouth": "int8", "eye": "int8"}
    assert set(manifest["int8"]) == {"mouth", "eye"} and "int8" not in manifest["sha256"]
    assert load(tmp_path / "out").digest == load(tmp_path / "out", backend=OrtBackend()).digest
    names = [row["name"] for row in manifest["figures"]["parity"]["eye"]]
    assert names == ["fp32", "halves", "int8"] and "Infinity" not in text


def test_without_a_judge_nothing_ships_as_int8(
    runs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(cache: Path, tracker: Path | None) -> Alike:
        raise PerceptualMissing("get it there")

    monkeypatch.setattr(renderer_cli, "load_judge", missing)
    given = ["--renderer", *both(runs), "--out", str(tmp_path / "out")]
    assert renderer_cli.main_quantize([*given, "--cache", str(tmp_path / "cache")]) == 0
    said = capsys.readouterr().out
    assert "get it there" in said and "eye: fp32 ships" in said


def test_parity_writes_nothing(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    given = ["--renderer", *both(runs), "--cache", str(tmp_path / "cache")]
    assert renderer_cli.main_parity(given) == 0
    assert "| torch |" in capsys.readouterr().out and sorted(tmp_path.rglob("*")) == before


def test_what_is_missing_is_said(
    tmp_path: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert renderer_cli.main_onnx(["--renderer", str(tmp_path / "none")]) == 1
    assert "config.json" in capsys.readouterr().err
    assert renderer_cli.main_onnx(["--renderer", str(runs / "eye"), str(runs / "eye")]) == 1
    assert "2 runs of eye" in capsys.readouterr().err
    none = ["--renderer", str(runs / "eye"), "--base", str(tmp_path / "none")]
    assert renderer_cli.main_onnx(none) == 1
    assert "mouth nets cannot" in capsys.readouterr().err
    given = ["--renderer", *both(runs), "--cache", str(tmp_path / "empty")]
    assert renderer_cli.main_parity(given) == 1
    assert "--prepare" in capsys.readouterr().err


def test_a_box_without_a_run_stays_as_it_is(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert renderer_cli.main_onnx(["--renderer", str(runs / "eye"), "--out", str(out)]) == 0
    for name in ("mouth", "mouth_reference"):
        assert (out / f"{name}.onnx").read_bytes() == (DEFAULT_FOLDER / f"{name}.onnx").read_bytes()
    assert (out / "eye.onnx").read_bytes() != (DEFAULT_FOLDER / "eye.onnx").read_bytes()


def test_int8_of_other_nets_does_not_stay_behind(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = ["--renderer", *both(runs), "--out", str(out)]
    assert renderer_cli.main_quantize([*given, "--cache", str(tmp_path / "cache")]) == 0
    before = load(out).digest
    assert len([*out.glob("*.int8.onnx")]) == 2
    assert renderer_cli.main_onnx(given) == 0
    assert not [*out.glob("*.int8.onnx")] and load(out).digest == before


def test_some_rows_are_of_all_files_and_the_same_each_time(tmp_path: Path) -> None:
    for kind in ("grid", "cycle"):
        made_up(MOUTH, 20).save(path_of(tmp_path, "mouth", kind))
    few = renderer_cli.some(tmp_path, "mouth", 8)
    assert len(few) == 8
    assert (few.picture == renderer_cli.some(tmp_path, "mouth", 8).picture).all()
    made_up(EYE, 2).save(path_of(tmp_path, "eye", "cycle", test=True))
    assert len(renderer_cli.some(tmp_path, "eye", 100, test=True)) == 2
    with pytest.raises(FileNotFoundError, match="prepare"):
        renderer_cli.some(tmp_path, "eye", 8)
