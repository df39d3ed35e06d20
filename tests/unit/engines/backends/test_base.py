"""What feeds must be, and that every error of a back-end is one of its kind."""

from __future__ import annotations

import numpy as np
import pytest

from engines.backends import base
from engines.backends.base import DYNAMIC, BackendError, BadFeeds, Network, Tensor, checked, fits
from engines.backends.fake import FakeBackend
from tests.support.tiny_graph import batched


@pytest.fixture
def network() -> Network:
    return FakeBackend().load(batched())


def test_shapes_fit_where_sizes_are_equal_or_free_and_nothing_is_empty() -> None:
    assert fits((3, 4), (DYNAMIC, 4))
    assert fits((), ())
    assert not fits((3, 5), (DYNAMIC, 4))
    assert not fits((0, 4), (DYNAMIC, 4))
    assert not fits((4,), (DYNAMIC, 4))


def test_outputs_are_given_in_the_order_asked_for(network: Network) -> None:
    feeds = {
        "picture": np.zeros((1, 3, 4, 6), np.float32),
        "bias": np.zeros((1, 4, 1, 1), np.float32),
    }
    assert checked(network, None, feeds) == ("drawn", "mean")
    assert checked(network, ["mean", "drawn"], feeds) == ("mean", "drawn")
    with pytest.raises(BadFeeds, match="no output depth; it has drawn, mean"):
        checked(network, ["mean", "depth"], feeds)


def test_bad_feeds_are_told_with_what_was_wanted(network: Network) -> None:
    with pytest.raises(BadFeeds, match="fed nothing; wanted bias, picture"):
        checked(network, None, {})
    with pytest.raises(ValueError, match=r"bias is float32\[1, 4\], wanted float32\[-1, 4, 1, 1\]"):
        checked(
            network,
            None,
            {
                "picture": np.zeros((1, 3, 4, 6), np.float32),
                "bias": np.zeros((1, 4), np.float32),
            },
        )


def test_every_error_is_a_backend_error() -> None:
    kinds = [
        kind
        for kind in vars(base).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    assert len(kinds) == 8
    assert all(issubclass(kind, BackendError) for kind in kinds)


def test_tensors_are_values() -> None:
    assert Tensor("a", "float32", (1,)) == Tensor("a", "float32", (1,))
