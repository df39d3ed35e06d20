"""Golden inputs: of every network, of real use, the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from engines.backends.networks import NETWORKS
from engines.backends.ort import OrtBackend
from export import specs
from export.specs import FP16_BAR, FP32_BAR, SPECS, RecordingBackend
from tests.support.tiny_graph import static


def test_every_network_has_a_row() -> None:
    assert set(SPECS) == set(NETWORKS)
    assert {name for name, spec in SPECS.items() if spec.bar == FP16_BAR} == {
        name for name, row in NETWORKS.items() if row.precision == "fp16"
    }
    assert {spec.bar for spec in SPECS.values()} == {FP16_BAR, FP32_BAR}


@pytest.mark.parametrize("name", SPECS)
def test_golden_inputs_are_taken_and_are_not_blank(name: str) -> None:
    golden = SPECS[name].golden()
    assert 1 < len(golden) <= specs.FRAMES
    network = OrtBackend().load(SPECS[name].network.model())
    for feeds in golden[:2]:
        outputs = network.run(None, feeds)
        assert all(np.isfinite(each).all() for each in outputs)
    spread = max(float(np.ptp(value)) for value in golden[-1].values())
    assert spread > 0.1


def test_what_is_fed_is_kept_as_it_was() -> None:
    backend = RecordingBackend()
    network = backend.load(static())
    feeds = {name: np.zeros((1, 6), np.float32) for name in ("state", "sound")}
    network.run(None, feeds)
    feeds["state"] += 1
    assert not backend.recorded[static().name][0]["state"].any()
    assert (network.name, len(network.inputs), len(network.outputs)) == ("lips/lips", 2, 1)
    network.close()
    backend.close()
