"""The same ONNX files in torch: for cards that no TensorRT is installed for, and for development.

Engine thread. torch and the package `onnx` are asked for when a back-end is made, not before.
Never chosen in the place of another in silence: `server.plans.devices` chooses, and tells.
"""

from __future__ import annotations

import importlib.util
import logging
from importlib.metadata import version
from typing import TYPE_CHECKING

from engines.backends.base import BadGraph, LibraryMissing, Model, Network
from engines.backends.networks import NETWORKS
from engines.backends.ort import Device
from engines.backends.runs import Runs
from engines.backends.typed_graph import NoOnnx, onnx_package, typed
from engines.extras import install_hint

if TYPE_CHECKING:
    from engines.backends.torch_run.network import TorchNetwork
    from engines.backends.torch_run.place import Place

log = logging.getLogger(__name__)


def torch_version() -> str | None:
    """Of the torch that is installed; None: none is. Imports nothing."""
    if importlib.util.find_spec("torch") is None:
        return None
    return version("torch")


class TorchBackend:
    """Programs on one device; on a card in the precision of the plans, by CUDA graphs."""

    def __init__(self, device: Device = "cpu", index: int = 0, place: Place | None = None) -> None:
        """`place` is for tests. Raises LibraryMissing, NoDriver, NoCard."""
        try:
            self._onnx = onnx_package()
        except NoOnnx as error:
            raise LibraryMissing(
                f"the torch back-end reads networks with the package onnx; {install_hint('torch')}"
            ) from error
        self._place = _place(device, index) if place is None else place
        self.kind = self._place.kind
        self._open: list[TorchNetwork] = []

    def load(self, model: Model) -> Network:
        """As `Backend.load`; every bucket has run when it returns."""
        from engines.backends.torch_run.network import TorchNetwork
        from engines.backends.torch_run.place import errors
        from engines.backends.torch_run.program import Program

        row = NETWORKS.get(model.name)
        if row is None:
            raise BadGraph(f"{model.name}: not among {', '.join(NETWORKS)}")
        precision = "fp32" if self._place.single else row.precision
        try:
            graph = typed(model.graph, precision)
        except Exception as error:
            # What `onnx` raises for bytes that are no network has no common type.
            raise BadGraph(f"{model.name}: {type(error).__name__}: {error}") from error
        with errors(model.name):
            program = Program(self._onnx, graph, self._place.device)
        runs = Runs(self.kind, version("torch"), precision)
        network = TorchNetwork(row, program, self._place, runs)
        self._open.append(network)
        told = {"network": row.name, "bytes": network.device_bytes} | self._place.about()
        log.info("network loaded in torch", extra=told)
        return network

    def close(self) -> None:
        """As `Backend.close`."""
        while self._open:
            self._open.pop().close()


def _place(device: Device, index: int) -> Place:
    try:
        from engines.backends.torch_run.place import CpuPlace, CudaPlace
    except (ImportError, OSError) as error:
        raise LibraryMissing(f"torch: {error}; {install_hint('torch')}") from error
    return CpuPlace() if device == "cpu" else CudaPlace(index)
