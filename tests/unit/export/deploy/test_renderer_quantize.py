"""int8 inside, single precision at both ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from engines.backends.ort import open_session
from engines.render.boxes import EYE
from export.deploy.renderer_onnx import blank_feeds, to_onnx
from export.deploy.renderer_quantize import quantised
from export.deploy.renderer_run import load_run, with_columns
from tests.support.renderer_run import write_run


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    run = load_run(write_run(tmp_path_factory.mktemp("runs") / "eye", EYE))
    whole = to_onnx(run)["eye"]
    return whole, quantised(whole, [blank_feeds(EYE, 2)])


def test_it_draws_nearly_the_same(models: tuple[bytes, bytes]) -> None:
    feeds = blank_feeds(EYE, 2)
    whole, small = (open_session(model).run(None, feeds)[0] for model in models)
    apart = np.abs(whole - small)
    assert 0 < apart.max() and np.square(apart).mean() < 0.01 * np.square(whole).mean()


def test_the_ends_stay_in_single_precision(models: tuple[bytes, bytes]) -> None:
    net = onnx.load_from_string(models[1])
    made = {name: node for node in net.graph.node for name in node.output}
    convolutions = [node for node in net.graph.node if node.op_type == "Conv"]
    small = [
        made[node.input[1]].op_type == "DequantizeLinear" if node.input[1] in made else False
        for node in convolutions
    ]
    assert not small[0] and not small[-1] and all(small[1:-1]) and len(small) > 4


def test_a_net_without_inner_convolutions_is_refused(models: tuple[bytes, bytes]) -> None:
    net = onnx.load_from_string(models[0])
    del net.graph.node[:]
    with pytest.raises(ValueError, match="inner"):
        quantised(net.SerializeToString(), [])


def test_filters_of_pictures_stay_in_single_precision(tmp_path: Path) -> None:
    run = with_columns(load_run(write_run(tmp_path / "eye", EYE)), 1.0)
    net = onnx.load_from_string(quantised(to_onnx(run)["eye"], [blank_feeds(EYE, 2)]))
    made = {name: node for node in net.graph.node for name in node.output}
    levels = [node for node in net.graph.node if node.op_type == "Conv"]
    plain = [node for node in levels if node.input[1] not in made]
    assert len(plain) == 2 + 3 and len(levels) > 8
