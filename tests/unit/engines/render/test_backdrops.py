import numpy as np
import pytest

from engines.render.backdrops import BACKDROPS, backdrop


@pytest.mark.parametrize("name", BACKDROPS)
@pytest.mark.parametrize("size", [128, 512])
def test_a_backdrop_is_one_picture_for_its_size(name: str, size: int) -> None:
    made = backdrop(name, size)
    assert made.shape == (size, size, 3) and made.dtype == np.uint8
    np.testing.assert_array_equal(made, backdrop(name, size))


def test_backdrops_differ_and_are_neither_flat_nor_sharp() -> None:
    seen = [backdrop(name, 256).astype(float) for name in BACKDROPS]
    for i, one in enumerate(seen):
        assert one.std() > 3
        assert all(np.abs(one - other).mean() > 8 for other in seen[:i])
        smooth = one.mean(2)
        assert np.percentile(np.abs(np.diff(smooth, axis=1)), 99) < 40


def test_gradients_have_no_bands() -> None:
    """Neighbouring rows of the plain walls are not equal over long stretches."""
    wall = backdrop("studio-light", 512).astype(int)
    assert (np.diff(wall[..., 0], axis=1) != 0).mean() > 0.3


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no backdrop 'moon'; there are studio-light"):
        backdrop("moon", 128)
