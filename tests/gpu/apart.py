"""How far a back-end on the card is from ONNX Runtime on the processor."""

from __future__ import annotations

from engines.backends.base import Backend
from engines.backends.networks import NETWORKS
from engines.backends.ort import OrtBackend
from engines.backends.trial import apart
from export.deploy.networks_parity import relative
from export.specs import SPECS


def golden_apart(backend: Backend, name: str) -> float:
    """The worst output of network `name` on its golden inputs, relative."""
    row, golden = NETWORKS[name], SPECS[name].golden()
    networks = backend.load(row.model()), OrtBackend().load(row.model())
    have, want = (
        [dict(zip((t.name for t in n.outputs), n.run(None, f), strict=True)) for f in golden]
        for n in networks
    )
    return max(relative(have, want, output) for output in want[0])


def batches_apart(backend: Backend, name: str) -> float:
    """The worst of batches that fill a bucket and of those that are padded, relative."""
    row = NETWORKS[name]
    network, reference = backend.load(row.model()), OrtBackend().load(row.model())
    sizes = {1, 3, row.axis.usual, row.axis.most - 1, row.axis.most}
    return max(apart(network, reference, size) for size in sizes)
