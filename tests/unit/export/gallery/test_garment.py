import numpy as np

from export.gallery import garment
from export.gallery.recipes import Cloth, Top
from tests.unit.export.gallery.faces import face

SIZE = 160
TOP = Top(
    left=((100.0, 660.0), (110.0, 560.0), (120.0, 480.0)),
    neckline=((190.0, 460.0), (250.0, 530.0), (390.0, 530.0), (450.0, 460.0)),
    right=((520.0, 480.0), (530.0, 560.0), (540.0, 660.0)),
    colour=(24.0, -1.0, -9.0),
    hair_line=((80.0, 500.0), (200.0, 500.0), (320.0, 400.0), (560.0, 400.0)),
)


def skin() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    lab = np.empty((SIZE, SIZE, 3), np.float32)
    lab[:] = (62.0, 14.0, 18.0)
    return lab


def test_line_goes_through_its_points() -> None:
    line = garment.smooth_line(TOP.neckline)
    for x, y in TOP.neckline:
        assert np.hypot(line[:, 0] - x, line[:, 1] - y).min() < 3


def test_outline_is_scaled_and_open_at_the_neck() -> None:
    mask = garment.outline_mask(TOP, SIZE)
    assert mask[150, 80] > 0.99 and mask[120, 80] < 0.01 and mask[150, 5] < 0.01
    double = garment.outline_mask(TOP, 2 * SIZE)
    assert abs(double.mean() - mask.mean()) < 0.01


def test_hair_hangs_in_front_down_to_the_line() -> None:
    lab = skin()
    lab[:, 25:45] = (12.0, 2.0, 3.0)
    front = garment.hair_in_front(lab, TOP)
    assert front[115, 35] > 0.95 and front[140, 35] < 0.05 and front[115, 70] < 0.05
    bare = Top(TOP.left, TOP.neckline, TOP.right, TOP.colour)
    assert garment.hair_in_front(lab, bare).max() == 0


def test_cloth_textures_are_even_and_repeat() -> None:
    for made in (garment.weave(SIZE, 1), garment.folds(SIZE, 1, 1.0)):
        assert abs(made.std() - 1) < 0.5 and abs(made.mean()) < 0.8
    assert np.array_equal(garment.weave(SIZE, 1), garment.weave(SIZE, 1))
    assert not np.array_equal(garment.weave(SIZE, 1), garment.weave(SIZE, 2))


def test_dress_colours_the_garment_shades_beside_it_and_leaves_the_rest() -> None:
    lab = skin()
    dressed = garment.dress(lab, TOP, 4)
    assert np.abs(dressed[150, 80, 1:] - TOP.colour[1:]).max() < 0.5
    assert abs(dressed[148:156, 60:100, 0].mean() - TOP.colour[0]) < 6
    assert np.allclose(dressed[60, 80], lab[60, 80])
    column = dressed[60:150, 80, 0]
    skin_rows = column[column > 45]
    assert skin_rows[-1] < 62 - 1, "the cloth shades the skin at its edge"


def test_new_cloth_has_its_own_colour_and_threads_and_keeps_the_folds() -> None:
    lab = skin()
    lab[..., 0] += 8 * np.sin(np.arange(SIZE) / 9)[None]
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[80:] = 1
    new = garment.recloth(lab, mask, Cloth(light=0.5, tint=(-10.0, 4.0)), 3)
    assert np.array_equal(new[:80], lab[:80])
    assert np.allclose(new[100:, :, 1], -10) and np.allclose(new[100:, :, 2], 4)
    assert np.corrcoef(new[100:, :, 0].mean(0), lab[100, :, 0])[0, 1] > 0.9
    assert 0.2 < np.diff(new[100:, 40, 0]).std() < 4


def test_the_drawn_top_has_a_smooth_outline_and_cuts_what_was_worn_past_it() -> None:
    points = face(size=SIZE / 5)[:, :2] + np.array([40.0, 40.0])
    ragged = np.zeros((SIZE, SIZE), np.float32)
    ragged[100:, 5:155] = 1
    ragged[100::2, :12] = 0
    bare = Top(TOP.left, TOP.neckline, TOP.right, TOP.colour, shoulders=True)
    alpha, shown = garment.top_alpha(skin(), ragged, bare, points)
    outline = garment.outline_mask(bare, SIZE)
    assert alpha[150, 80] == 1 and np.abs(alpha[150, outline[150] > 0.99] - 1).max() < 0.01
    assert ragged[151, 18] == 1 and alpha[151, 18] < 0.05 and shown[151, 18] > 0.9
    loose = Top(TOP.left, TOP.neckline, TOP.right, TOP.colour)
    kept, _ = garment.top_alpha(skin(), ragged, loose, points)
    assert kept[151, 18] == 1, "its sides are not the body's"
