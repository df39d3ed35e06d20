"""Differences, losses and the choice of what ships."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engines.render.boxes import EYE
from engines.values import F32, U8
from export.deploy import renderer_parity as parity
from export.deploy.renderer_onnx import blank_feeds, halved, to_onnx
from export.deploy.renderer_parity import Row, compare, feeds_of, pasted, ships, table
from export.deploy.renderer_run import RunNets, load_run
from tests.support.renderer_run import made_up, write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunNets:
    return load_run(write_run(tmp_path_factory.mktemp("runs") / "eye", EYE))


def test_inputs_are_those_of_one_step(run: RunNets) -> None:
    pairs = made_up(EYE, 20)
    feeds = feeds_of(run, pairs)
    assert [len(each["picture"]) for each in feeds] == [16, 4]
    assert (feeds[0]["time"] == 1).all() and (feeds[0]["noised"][0] == feeds[0]["noised"][1]).all()
    assert feeds[0]["previous"][0].max() > 0 == np.abs(feeds[0]["previous"][1]).max()


def test_rows_tell_difference_loss_and_speed(run: RunNets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity, "RUNS", 2)
    pairs = made_up(EYE)
    whole = to_onnx(run)["eye"]

    def judge(shown: U8, truth: U8) -> F32:
        out: F32 = np.abs(shown.astype(np.float32) - truth).mean((1, 2, 3))
        return out

    models = {"fp32": whole, "halves": halved(whole)}
    rows = compare(run, models, feeds_of(run, pairs), blank_feeds(EYE, 2), pairs, judge)
    torch_row, plain, half = rows
    assert torch_row.worst == 0 and torch_row.error_db == float("-inf")
    assert plain.worst < 1e-5 and plain.worst < half.worst < 1e-2
    assert plain.error_db < half.error_db < -40
    assert 10 < plain.psnr < 40 and plain.distance > 0 and plain.ms > 0
    assert plain.bytes == len(whole)
    lines = table("eye", rows)
    assert len(lines) == 5 and lines[0].startswith("| eye |")


def test_without_pairs_there_is_no_loss(run: RunNets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity, "RUNS", 1)
    (row,) = compare(run, {}, [blank_feeds(EYE)], blank_feeds(EYE))
    assert np.isnan(row.psnr) and np.isnan(row.distance)


def test_a_residual_is_pasted_as_the_engine_does() -> None:
    pairs = made_up(EYE)
    shown = pasted(pairs, np.full((len(pairs), 3, *EYE.shape), 0.1, np.float32), EYE)
    h, w = EYE.shape
    assert (shown[:, h // 2, w // 2] == pairs.picture[:, h // 2, w // 2] + 13).all()
    assert (shown[:, 0] == pairs.picture[:, 0]).all()


def test_int8_ships_only_within_the_bars() -> None:
    plain = Row("fp32", 0, -90, 30.0, 0.10, 8, 100)
    good = replace(plain, name="int8", psnr=29.6, distance=0.104)
    assert ships(plain, good)
    assert not ships(plain, replace(good, psnr=29.4))
    assert not ships(plain, replace(good, distance=0.106))
    assert not ships(plain, replace(good, psnr=float("nan")))
    assert ships(plain, replace(good, distance=float("nan")))
