import numpy as np

from export.gallery.arrays import f32, f64


def test_casts_change_the_type_and_keep_arrays_that_fit() -> None:
    fitting = np.zeros(3, np.float32)
    assert f32(fitting) is fitting
    assert f32([1, 2]).dtype == np.float32
    assert f64(fitting).dtype == np.float64
