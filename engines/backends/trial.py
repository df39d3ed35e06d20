"""Trying networks: feeds made up for any of them, what they compute, how far two back-ends differ.

Offline; any thread.
Never meant as use: golden inputs are export's, these only fill every input with what it may hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime

from engines.backends.base import DYNAMIC, Array, Model, Network
from engines.backends.networks import NetworkRow
from engines.backends.ort import OrtBackend, OrtNetwork, open_session
from engines.backends.runs import Runs
from engines.backends.typed_graph import COSTLY, onnx_package, typed

_LEVELS = "pictures"
"""The one input that holds levels of 0..255."""
_TOKENS = 50


def made_feeds(network: Network, size: int, seed: int = 0) -> dict[str, Array]:
    """Numbers for every input, `size` on the dynamic axis; the same each time."""
    rng = np.random.default_rng(seed)
    feeds: dict[str, Array] = {}
    for each in network.inputs:
        shape = tuple(size if dim == DYNAMIC else dim for dim in each.shape)
        if each.dtype == "int64":
            feeds[each.name] = rng.integers(1, _TOKENS, shape)
        else:
            low, high = (0, 255) if each.name == _LEVELS else (-0.5, 0.5)
            feeds[each.name] = rng.uniform(low, high, shape).astype(each.dtype)
    return feeds


def apart(network: Network, reference: Network, size: int) -> float:
    """Largest difference over largest value, of the worst output; inf for what is no number."""
    feeds = made_feeds(network, size)
    names = [each.name for each in reference.outputs]
    worst = 0.0
    for have, want in zip(network.run(names, feeds), reference.run(names, feeds), strict=True):
        largest = max(float(np.abs(want).max()), 1e-12)
        found = float(np.abs(have - want).max()) / largest
        worst = max(worst, float("inf") if np.isnan(found) else found)
    return worst


def reference_of(row: NetworkRow, model: Model) -> Network:
    """What a plan of the row is compared with: ONNX Runtime on the processor, in single precision
    but for what the row has in 8 bits. Raises NoOnnx, BadGraph.
    """
    if row.ranges is None:
        return OrtBackend().load(model)
    graph = typed(model.graph, row.precision, dict(row.ranges.largest), halves=False)
    runs = Runs("onnxruntime-cpu", onnxruntime.__version__, row.precision)
    # Fused, it computes other numbers than the graph says: for fp8 none that mean anything.
    return OrtNetwork(row.name, open_session(graph, optimised=False), runs)


def gmacs(row: NetworkRow, model: Model) -> float:
    """Multiply-adds of one run at the least size, in 1e9: convolutions and products.

    Shapes are told by a run, which knows them all. Raises NoOnnx, BadGraph.
    """
    onnx = onnx_package()
    net = onnx.load_from_string(typed(model.graph, "fp32"))
    costly = [node for node in net.graph.node if node.op_type in COSTLY]
    stored = {each.name: tuple(each.dims) for each in net.graph.initializer}
    wanted = {node.output[0] for node in costly}
    wanted |= {name for node in costly for name in node.input[:2] if name not in stored}
    known = {each.name for each in (*net.graph.input, *net.graph.output)}
    for name in sorted(wanted - known):
        net.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    feeds = made_feeds(OrtBackend().load(model), row.axis.least)
    session = open_session(net.SerializeToString())
    names = [each.name for each in session.get_outputs()]
    shapes = {name: value.shape for name, value in feeds.items()} | stored
    shapes |= {n: out.shape for n, out in zip(names, session.run(names, feeds), strict=True)}
    return sum(_macs(node, shapes) for node in costly) / 1e9


def _macs(node: Any, shapes: dict[str, tuple[int, ...]]) -> int:
    inputs, output = node.input, node.output[0]
    first, second = shapes[inputs[0]], shapes[inputs[1]]
    if node.op_type == "Conv":
        return int(np.prod(shapes[output])) * int(np.prod(second[1:]))
    turned = any(a.name == "transA" and a.i for a in node.attribute)
    return int(np.prod(shapes[output])) * int(first[0] if turned else first[-1])
