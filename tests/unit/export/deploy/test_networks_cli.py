"""`to-plan` and `parity networks` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.backends import flavours
from engines.backends.networks import NETWORKS
from engines.backends.plan_store import PlanStore
from export.cli import main
from export.deploy.networks_cli import chosen


def test_networks_are_named_one_by_one_or_by_folder() -> None:
    assert chosen([]) == list(NETWORKS)
    assert chosen(["lips"]) == ["lips/lips"]
    assert chosen(["renderer/eye", "scene"]) == ["scene/scene", "renderer/eye"]
    with pytest.raises(ValueError, match="no network nose; there are face/scene"):
        chosen(["nose"])


def test_a_plan_is_built_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorrt_rtx", reason="the extra trt-rtx is not installed")
    assert main(["to-plan", "renderer/eye_reference", "--out", str(tmp_path)]) == 0
    assert "| renderer/eye_reference | fp16 |" in capsys.readouterr().out
    assert main(["to-plan", "lips", "--target", "sm75", "--out", str(tmp_path)]) == 0
    assert "| sm75 |" in capsys.readouterr().out
    assert [each.error for each in PlanStore(tmp_path).entries(whole=True)] == [None, None]


def test_parity_is_told_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parity", "networks", "renderer/eye_reference"]) == 0
    assert "| renderer/eye_reference | fp16 | 2 |" in capsys.readouterr().out


def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["parity", "networks", "nose"]) == 1
    assert capsys.readouterr().err.startswith("parity: no network nose")
    monkeypatch.setattr(flavours.importlib.util, "find_spec", lambda name: None)  # type: ignore[attr-defined]
    assert main(["to-plan", "--out", str(tmp_path)]) == 1
    assert "trt-rtx" in capsys.readouterr().err
