import numpy as np
from hypothesis import given, settings

from export.gallery import bands
from export.gallery.arrays import F32, f32
from tests.unit.export.gallery.faces import seeds


def noise(seed: int, size: int = 64) -> F32:
    return f32(np.random.default_rng(seed).uniform(0, 100, (size, size, 3)))


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_bands_join_to_the_picture(seed: int) -> None:
    picture = noise(seed)
    parts = bands.split(picture)
    assert len(parts) == bands.BANDS
    assert np.allclose(bands.join(parts), picture, atol=1e-3)


def test_mix_takes_each_band_by_its_share() -> None:
    first, second = bands.split(noise(1)), bands.split(noise(2))
    mixed = bands.mix(first, second, (0, 1, 0, 0.5, 0, 1))
    assert np.allclose(mixed[0], first[0])
    assert np.allclose(mixed[1], second[1])
    assert np.allclose(mixed[3], 0.5 * (first[3] + second[3]))


def test_blend_keeps_each_region_inside_and_is_soft_between() -> None:
    left = np.zeros((160, 160), np.float32)
    left[:, :80] = 1
    flat = [bands.split(np.full((160, 160, 3), v, np.float32)) for v in (20.0, 60.0)]
    joined = bands.blend(flat, [left, 1 - left])[80, :, 0]
    assert abs(joined[5] - 20) < 0.5 and abs(joined[-5] - 60) < 0.5
    assert np.abs(np.diff(joined)).max() < 2
    assert 35 < joined[80] < 45


def test_blend_of_one_picture_with_itself_is_the_picture() -> None:
    picture = noise(4)
    mask = f32(np.random.default_rng(5).uniform(0, 1, (64, 64)))
    same = bands.blend([bands.split(picture), bands.split(picture)], [mask, 1 - mask])
    assert np.allclose(same, picture, atol=1e-2)


def test_robust_mean_leaves_out_what_only_one_shows() -> None:
    plain = [np.full((40, 40, 3), v, np.float32) for v in (50.0, 52.0, 51.0, 49.0, 50.0)]
    plain[2][10:30, 10:30] = 0  # a strand of hair in one of them
    assert abs(bands.robust_mean(plain)[20, 20, 0] - 50.25) < 0.1
