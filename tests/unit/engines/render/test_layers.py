import numpy as np
import pytest

from engines.render.layers import Layers, cut, over, resized
from tests.support.sample_avatar import sample


@pytest.fixture(scope="module")
def layers() -> Layers:
    return cut(sample(), 512)


@pytest.mark.parametrize("size", [128, 512, 1024])
def test_layers_have_the_asked_size(size: int) -> None:
    made = cut(sample(), size)
    assert made.person.shape == made.skin.shape == (size, size, 4)
    for picture in (made.photo, made.eyes, made.background, made.rest):
        assert picture.shape == (size, size, 3) and picture.dtype == np.uint8


def test_person_over_background_and_what_is_missing_is_the_photo(layers: Layers) -> None:
    np.testing.assert_array_equal(layers.rest, sample().portrait)
    assert layers.missing is not None
    add, take = layers.missing
    shown = over(layers.person, layers.background).astype(int)
    np.testing.assert_array_equal(shown + add - take, layers.rest)
    # Nothing of the person is missing, and little of what is around them.
    inside = layers.matte == 255
    assert np.abs(shown - layers.rest)[inside].mean() < 0.5
    assert np.abs(shown - layers.rest).mean() < 2


def test_another_background_changes_no_inner_pixel(layers: Layers) -> None:
    green = np.full_like(layers.background, (0, 200, 0))
    changed = layers.before(green)
    inside, outside = layers.person[..., 3] == 255, layers.person[..., 3] == 0
    assert np.abs(changed.rest[inside].astype(int) - layers.rest[inside]).mean() < 0.5
    assert changed.missing is None
    assert (changed.rest[outside] == (0, 200, 0)).all()
    assert changed.person is layers.person


def test_a_background_of_another_shape_is_refused(layers: Layers) -> None:
    with pytest.raises(ValueError, match="wanted"):
        layers.before(layers.background[:100])
    with pytest.raises(ValueError, match="float32"):
        layers.before(layers.background.astype(np.float32))


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
