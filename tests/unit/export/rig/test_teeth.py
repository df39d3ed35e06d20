import numpy as np

from export.rig import teeth
from tests.unit.export.rig.small_head import small_head


def test_rows_are_drawn_apart_with_the_size_the_asset_says() -> None:
    upper, lower, travel = teeth.sprites(small_head())
    width = round((teeth.X_MAX_CM - teeth.X_MIN_CM) * teeth.PX_PER_CM)
    for sprite, (top, bottom) in ((upper, teeth.UPPER_Y_CM), (lower, teeth.LOWER_Y_CM)):
        assert sprite.shape == (round((top - bottom) * teeth.PX_PER_CM), width, 4)
        assert (sprite[..., 3] == 255).any() and (sprite[..., 3] == 0).any()
    np.testing.assert_allclose(travel, [0, -2, -1])


def test_the_upper_row_is_where_its_teeth_are() -> None:
    upper, _, _ = teeth.sprites(small_head())
    rows = np.flatnonzero((upper[..., 3] > 128).any(1))
    top = (teeth.UPPER_Y_CM[0] + 2) * teeth.PX_PER_CM
    bottom = (teeth.UPPER_Y_CM[0] + 3.5) * teeth.PX_PER_CM
    assert abs(rows.min() - top) < 16 and abs(rows.max() - bottom) < 3
