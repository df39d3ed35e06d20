"""Own nets are judged beside everybody's, written as the engine loads them, and put in place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from engines.avatars.bundle import load as load_avatar
from engines.avatars.consent import EXAMPLE, give_for
from engines.avatars.shelf import Shelf
from engines.render.boxes import EYE, KINDS, MOUTH
from engines.render.diffusion import DiffusionRenderer
from engines.render.nets import RendererNets, of_avatar
from export.deploy.renderer_run import load_run
from export.evaluate.renderer_draw import FRAME
from export.train.personal_nets import (
    GENERAL,
    PERSONAL,
    Judged,
    Training,
    judge_box,
    judge_of,
    keep,
    side_by_side,
    table,
    write_nets,
)
from tests.support.made_pairs import Mender, made_pairs
from tests.support.personal_nets import VIDEO
from tests.support.renderer_run import write_run
from tests.support.tiny_renderer import tiny_nets
from tests.unit.engines.avatars.people import put_by_hand


class Mending(Mender):
    """Nets that mend a share of what `made_pairs` have wrong."""

    steps = 1


def mending(share: float) -> RendererNets:
    return cast(RendererNets, Mending(share))


def test_own_nets_are_better_where_they_mend_more() -> None:
    held = made_pairs(20, EYE)
    whole, shut = judge_box(EYE, held, mending(0.3), mending(0.8), None)
    assert whole.better and whole.count == 20 and shut.part == "blink"
    assert whole.rows[FRAME]["psnr"] < whole.rows[GENERAL]["psnr"] < whole.rows[PERSONAL]["psnr"]
    assert not judge_box(EYE, held, mending(0.8), mending(0.3), None)[0].better
    assert not judge_box(EYE, held, mending(0.8), mending(0.8), None)[0].better


def test_both_are_shown_beside_the_truth() -> None:
    held = made_pairs(3, EYE)
    shown = side_by_side(EYE, held, mending(0.3), mending(1.0))
    assert shown.shape == (2 * 48 * 2, 2 * 5 * 2 * 64, 3)
    _, frame, general, own, truth = np.split(shown[:96, : 5 * 128].astype(float), 5, axis=1)
    away = [float(np.abs(part - truth).mean()) for part in (frame, general, own)]
    assert away[0] > away[1] > away[2]


def row(psnr: float, lpips: float) -> dict[str, float]:
    return {"psnr": psnr, "lpips": lpips, "ssim": 1.0, "sharp": 0.9}


@pytest.mark.parametrize(
    ("own", "better"),
    [((30, 0.02), True), ((30, 0.04), False), ((28, 0.02), False), ((30, float("nan")), True)],
)
def test_both_figures_must_be(own: tuple[float, float], better: bool) -> None:
    rows = {FRAME: row(25, 0.05), GENERAL: row(29, 0.03), PERSONAL: row(*own)}
    judged = Judged("mouth", "all", 30, rows)
    assert judged.better is better
    lines = table([judged])
    assert len(lines) == 5 and lines[2].startswith("| mouth, all, 30 | motion frame | 25.00 |")


def test_without_the_judges_weights_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge_of(tmp_path, None) is None
    assert "no perceptual distance" in capsys.readouterr().out


def test_they_become_the_avatars_own(tmp_path: Path) -> None:
    put_by_hand(tmp_path / "avatars", "zoe")
    shelf = Shelf(tmp_path / "avatars")
    avatar = load_avatar(shelf.folder / "zoe")
    runs = [load_run(write_run(tmp_path / name, kind)) for name, kind in KINDS.items()]
    general = tiny_nets()
    consent = give_for(EXAMPLE, "Zoe", VIDEO)
    rows = {FRAME: row(25, 0.05), GENERAL: row(29, 0.03), PERSONAL: row(30, 0.02)}
    judged = [Judged("mouth", "all", 30, rows)]
    held = {name: made_pairs(4, kind) for name, kind in KINDS.items()}
    kept = keep(shelf, avatar, runs, general, held, judged, Training(121, 59, 60, consent))
    assert kept.personal is not None and kept.personal.consent == consent
    assert set(kept.paste) == {MOUTH.name, EYE.name}
    manifest = json.loads((kept.personal.folder / "manifest.json").read_text())
    assert manifest["personal"]["video"] == {
        "sha256": VIDEO, "seconds": 121, "trained_s": 59, "held_s": 60,
    }  # fmt: skip
    assert manifest["figures"]["held out"][0]["rows"][PERSONAL]["psnr"] == 30
    dressed = load_avatar(shelf.folder / "zoe")
    nets = of_avatar(dressed.personal, general)
    assert nets.digest == kept.personal.nets and nets.cues == general.cues
    drawn = DiffusionRenderer(dressed, nets=general)
    plain = DiffusionRenderer(avatar, nets=general)
    motion = np.zeros(58, np.float32)
    pictures = [each.render(each.new_state(1), motion) for each in (drawn, plain)]
    assert len(drawn.efforts) <= len(plain.efforts) and pictures[0].shape == pictures[1].shape


def test_what_is_written_is_what_is_loaded(tmp_path: Path) -> None:
    runs = [load_run(write_run(tmp_path / name, kind)) for name, kind in KINDS.items()]
    nets = write_nets(tmp_path / "nets", runs, tiny_nets())
    assert nets.steps == 1 and nets.cues == tiny_nets().cues
