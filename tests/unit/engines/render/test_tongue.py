import numpy as np

from engines.render.tongue import Tongue

LIGHT = np.ones(3, np.float32)
ROOT, LIP = np.array([50, 20], np.float32), np.array([50, 40], np.float32)
WIDTH = 80.0


def test_it_stays_in_unless_asked() -> None:
    tongue = Tongue(LIGHT)
    assert tongue.reach(0.0, WIDTH) == tongue.reach(0.03, WIDTH) == 0
    reaches = [tongue.reach(amount, WIDTH) for amount in (0.1, 0.5, 1.0)]
    assert reaches == sorted(reaches) and 25 < reaches[-1] < 50


def test_put_out_it_goes_over_the_lip_and_ends_there() -> None:
    tongue = Tongue(LIGHT)
    colour, cover = tongue.put_out((120, 100), ROOT, LIP, 1.0, WIDTH)
    assert colour.shape == (120, 100, 3) and cover.shape == (120, 100, 1)
    assert cover[45, 50, 0] > 0.99 and cover[10, 50, 0] < 0.01
    end = round(40 + tongue.reach(1.0, WIDTH))
    assert cover[end - 4, 50, 0] > 0.5 and cover[end + 3, 50, 0] < 0.05
    rows = cover[50, :, 0]
    assert 30 < (rows > 0.5).sum() < 45
    # Round at the tip.
    assert (cover[end - 4, :, 0] > 0.5).sum() < 0.75 * (rows > 0.5).sum()


def test_it_is_pink_darker_toward_the_throat_and_in_the_photo_s_light() -> None:
    bright, _ = Tongue(LIGHT).put_out((120, 100), ROOT, LIP, 1.0, WIDTH)
    dim, _ = Tongue(0.5 * LIGHT).put_out((120, 100), ROOT, LIP, 1.0, WIDTH)
    front, back = bright[60, 42], bright[21, 42]
    assert front[2] > 1.3 * front[0] and front.mean() > 1.3 * back.mean()
    assert dim[60, 42].mean() < 0.7 * front.mean()


def test_a_tongue_at_rest_is_drawn_inside_its_half_axes() -> None:
    out = np.zeros((60, 100, 3), np.float32)
    Tongue(LIGHT).lie(out, (50.0, 40.0), (25.0, 10.0))
    assert out[42, 44].mean() > 50 and not out[5].any() and not out[:, 5].any()


def test_a_tilted_mouth_tilts_it() -> None:
    _, cover = Tongue(LIGHT).put_out(
        (120, 100), ROOT, LIP + np.array([10, 0], np.float32), 1.0, WIDTH
    )
    columns = np.flatnonzero(cover[65, :, 0] > 0.5)
    assert columns.mean() > 60
