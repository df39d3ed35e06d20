"""A torch back-end on a made-up card."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("torch", reason="the extra torch is not installed")

from engines.backends.torch_backend import TorchBackend
from tests.support.fake_torch_cuda import FakeTorchCuda, made_up_card


@pytest.fixture
def cuda() -> FakeTorchCuda:
    return FakeTorchCuda()


@pytest.fixture
def backend(cuda: FakeTorchCuda) -> Iterator[TorchBackend]:
    made = TorchBackend(place=made_up_card(cuda))
    yield made
    made.close()
