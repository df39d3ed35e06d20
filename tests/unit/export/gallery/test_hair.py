import numpy as np
import pytest

from export.gallery import hair
from export.gallery.arrays import F32, F64, f32
from export.gallery.recipes import Hair
from tests.unit.export.gallery.faces import face

SIZE = 200
SCALE = SIZE / 640


@pytest.fixture
def points() -> F64:
    return face()[:, :2]


def stripes(degrees: float) -> F32:
    """Strands that run at `degrees` from the x axis."""
    ys, xs = np.mgrid[0:SIZE, 0:SIZE]
    a = np.radians(degrees)
    across = -np.sin(a) * xs + np.cos(a) * ys
    return f32(30 + 8 * np.sin(across * 1.1))


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 140.0])
def test_the_flow_runs_along_the_strands(degrees: float) -> None:
    found = hair.flow(stripes(degrees))
    along = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    assert abs(found.along[100, 100] @ along) > 0.995
    assert found.sure[100, 100] > 0.9


def test_flat_light_has_no_sure_direction() -> None:
    noise = f32(30 + np.random.default_rng(1).standard_normal((SIZE, SIZE)))
    assert np.median(hair.flow(noise).sure) < 0.4


def test_smeared_noise_varies_across_and_hardly_along() -> None:
    noise = f32(np.random.default_rng(2).standard_normal((SIZE, SIZE)))
    along = np.zeros((SIZE, SIZE, 2), np.float32)
    along[..., 0] = 1
    smeared = hair.smear(noise, along, 12)[40:160, 40:160]
    assert np.abs(np.diff(smeared, axis=1)).mean() < 0.25 * np.abs(np.diff(smeared, axis=0)).mean()


def test_new_strands_are_as_strong_as_the_old_and_not_the_same() -> None:
    light = stripes(90)
    mask = np.ones_like(light)
    new = light + hair.strands(light, mask, 3)
    middle = np.s_[40:160, 40:160]
    assert abs(np.corrcoef(new[middle].ravel(), light[middle].ravel())[0, 1]) < 0.75
    assert new[middle].std() > 0.4 * light[middle].std()
    assert abs(new[middle].mean() - light[middle].mean()) < 1
    assert np.array_equal(hair.strands(light, mask, 3), hair.strands(light, mask, 3))
    assert np.abs(hair.strands(light, np.zeros_like(light), 3)).max() == 0


def test_restyle_colours_hair_and_leaves_the_rest() -> None:
    lab = np.dstack([stripes(90), np.full((SIZE, SIZE), 8), np.full((SIZE, SIZE), 10)])
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[:100] = 1
    grey = hair.restyle(f32(lab), mask, Hair(colour=0.0, lift=12.0), 1)
    assert np.abs(grey[:100, :, 1:]).max() == 0
    assert grey[:80, :, 0].mean() - lab[:80, :, 0].mean() == pytest.approx(12, abs=1)
    assert np.allclose(grey[150:], lab[150:])


def test_hair_is_neither_skin_nor_face_nor_cloth_below(points: F64) -> None:
    everywhere = np.ones((SIZE, SIZE), np.float32)
    mask = hair.hair_mask(everywhere, everywhere * 0, points, 0.1)
    assert mask[20, 100] > 0.95 and mask[100, 100] < 0.01 and mask[198, 20] < 0.05
    assert hair.hair_mask(everywhere, everywhere, points, 0.1).max() < 0.01
    assert hair.hair_mask(everywhere * 0, everywhere * 0, points, 0.1).max() < 0.01


def test_a_larger_volume_takes_the_outline_from_nearer_and_the_face_from_its_place(
    points: F64,
) -> None:
    still = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), axis=-1)
    moved = hair.reshape(points, SIZE, Hair(volume=(1.1, 1.2), wander=0.0), 1)
    assert np.abs(moved - still)[60:150, 70:130].max() < 0.01
    assert moved[2, 100, 1] > 8 and moved[60, 10, 0] > 12
    assert np.abs(moved - still)[190:].max() < 0.01
    wandering = hair.reshape(points, SIZE, Hair(wander=0.02), 1) - still
    assert 0.5 < np.abs(wandering[:20]).max() < 12
