"""What every back-end is: networks out of ONNX files, run with arrays by name; and what can fail.

Pure; any thread. A network belongs to the thread that runs it.
Never knows a library: each back-end is a file of its own.

Called as ONNX Runtime's sessions are (`run(outputs, feeds)`), so that what uses a network cannot
tell who runs it. The suite that all must pass: tests/contract/test_backend_contract.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engines.backends.runs import Runs

Array: TypeAlias = NDArray[Any]
Feeds: TypeAlias = Mapping[str, Array]
DYNAMIC = -1


class BackendError(Exception):
    """A network cannot be loaded or run; the message says which, why and what to do."""


class BadGraph(BackendError):
    """The bytes are no network that this back-end takes."""


class BadFeeds(BackendError, ValueError):
    """Arrays or names that the network does not take."""


class LibraryMissing(BackendError):
    """A package that this back-end needs is not installed, or cannot be used here."""


class NoDriver(BackendError):
    """There is no NVIDIA driver, or one too old."""


class NoCard(BackendError):
    """There is a driver and no card that may be used."""


class OutOfDeviceMemory(BackendError):
    """The card has no room for what was asked."""


class CardLost(BackendError):
    """The card or its context failed in flight: nothing on it can be used in this process again."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output."""

    name: str
    dtype: str
    """As numpy calls it: "float32", "int64"."""
    shape: tuple[int, ...]
    """DYNAMIC where a size may change from run to run."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a back-end loads."""

    name: str
    """As in `engines.backends.networks`: "renderer/mouth"."""
    graph: bytes
    """The ONNX file."""


class Network(Protocol):
    """A loaded network. Weights are its only state: equal feeds give equal outputs."""

    @property
    def name(self) -> str:
        """Of the model."""

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What `run` must be fed, all of it."""

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What it can give."""

    @property
    def runs(self) -> Runs:
        """On what."""

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[Array]:
        """The outputs named, in that order (None: all), as arrays of the caller's own.

        Raises BadFeeds, OutOfDeviceMemory, CardLost; BackendError for what is left.
        """

    def close(self) -> None:
        """Give back memory. Again is allowed; running after it raises BackendError."""


class Backend(Protocol):
    """One way to run networks."""

    @property
    def kind(self) -> str:
        """For people and metrics: "onnxruntime-cpu", "onnxruntime-cuda", "tensorrt_rtx"."""

    def load(self, model: Model) -> Network:
        """Raises BadGraph, LibraryMissing, OutOfDeviceMemory, and for plans those of `plans`."""

    def close(self) -> None:
        """Close what was loaded. Again is allowed."""


def checked(
    network: Network,
    outputs: Sequence[str] | None,
    feeds: Feeds,
    held: Collection[str] = (),
) -> tuple[str, ...]:
    """The names to give, when feeds and names are what the network takes.

    `held`: inputs that need not be fed. Raises BadFeeds.
    """
    specs = {each.name: each for each in network.inputs if each.name not in held}
    if set(feeds) != set(specs):
        raise BadFeeds(
            f"{network.name}: fed {', '.join(sorted(feeds)) or 'nothing'}; "
            f"wanted {', '.join(sorted(specs))}"
        )
    for name, spec in specs.items():
        value = feeds[name]
        if value.dtype != np.dtype(spec.dtype) or not fits(value.shape, spec.shape):
            raise BadFeeds(
                f"{network.name}: {name} is {value.dtype}{list(value.shape)}, "
                f"wanted {spec.dtype}{list(spec.shape)}"
            )
    known = tuple(each.name for each in network.outputs)
    if outputs is None:
        return known
    if unknown := set(outputs) - set(known):
        raise BadFeeds(
            f"{network.name}: no output {', '.join(sorted(unknown))}; it has {', '.join(known)}"
        )
    return tuple(outputs)


def fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether a shape is one of those meant; nothing may be empty."""
    return len(shape) == len(wanted) and all(
        have > 0 and want in (DYNAMIC, have) for have, want in zip(shape, wanted, strict=True)
    )
