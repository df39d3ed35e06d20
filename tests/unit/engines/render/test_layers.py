import numpy as np
import pytest

from engines.render.cutout import spotless
from engines.render.layers import Layers, cut, over, resized
from tests.support.sample_avatar import sample


@pytest.fixture(scope="module")
def layers() -> Layers:
    return cut(sample(), 512)


@pytest.mark.parametrize("size", [128, 512, 1024])
def test_layers_have_the_asked_size(size: int) -> None:
    made = cut(sample(), size)
    assert made.skin.shape == (size, size, 4)
    for picture in (made.photo, made.eyes, made.rest):
        assert picture.shape == (size, size, 3) and picture.dtype == np.uint8


def test_before_its_own_wall_the_avatar_is_the_photo(layers: Layers) -> None:
    np.testing.assert_array_equal(layers.rest, sample().portrait)
    assert layers.background is None


def test_another_background_changes_no_inner_pixel(layers: Layers) -> None:
    person = spotless(layers.photo, sample().alpha)
    changed = layers.before(np.full_like(layers.photo, (0, 200, 0)), person)
    inside, outside = person[..., 3] == 255, person[..., 3] == 0
    assert np.abs(changed.rest[inside].astype(int) - layers.rest[inside]).mean() < 0.5
    assert (changed.rest[outside] == (0, 200, 0)).all()


def test_a_background_of_another_shape_is_refused(layers: Layers) -> None:
    person = spotless(layers.photo, sample().alpha)
    with pytest.raises(ValueError, match="wanted"):
        layers.before(layers.photo[:100], person)
    with pytest.raises(ValueError, match="float32"):
        layers.before(layers.photo.astype(np.float32), person)


def test_premultiplied_sum() -> None:
    person = np.array([[[10, 20, 30, 0], [100, 100, 100, 255], [50, 0, 0, 128]]], np.uint8)
    background = np.full((1, 3, 3), 100, np.uint8)
    out = over(person, background)[0]
    assert out[0].tolist() == [110, 120, 130] and out[1].tolist() == [100, 100, 100]
    assert out[2].tolist() == [100, 50, 50]


def test_a_picture_of_that_size_is_left_alone() -> None:
    picture = sample().portrait
    assert resized(picture, 512) is picture
    assert resized(picture, 256).shape == (256, 256, 3)
