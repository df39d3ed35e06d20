import numpy as np

from engines.render import landmarks as lm
from engines.render.rig import load_rig
from engines.render.shade import Shade
from engines.values import F32
from tests.support.sample_avatar import motion, sample, sample_geometry

NOSE_TIP = 1


def factors(**values: float) -> F32:
    geometry = sample_geometry()
    wanted = motion(**values)
    face = geometry.deform(geometry.weights(wanted), 0)
    return Shade(geometry, load_rig(), sample().portrait).factors(
        face, geometry.pose(wanted).rotation
    )


def test_at_rest_nothing_changes() -> None:
    np.testing.assert_allclose(factors(), 1, atol=1e-5)


def test_a_smile_shades_the_cheeks_and_leaves_lips_lids_and_outline() -> None:
    out = factors(mouthSmile=0.9)
    assert np.abs(out - 1).max() > 0.04
    fixed = [*lm.OUTER_LOOP, *lm.EYES[0].upper, *load_rig().oval]
    np.testing.assert_allclose(out[fixed], 1, atol=1e-6)


def test_changes_stay_gentle() -> None:
    out = factors(mouthSmile=1, jawOpen=1, noseSneer=1, browInnerUp=1, headYaw=0.3)
    assert out.min() >= 0.8 and out.max() <= 1.12


def test_the_side_turned_from_the_light_darkens() -> None:
    looking_down = factors(headPitch=0.17)
    looking_up = factors(headPitch=-0.17)
    assert looking_down[NOSE_TIP] < 1 < looking_up[NOSE_TIP] or (
        looking_down.mean() < looking_up.mean()
    )


def test_skin_that_shines_is_not_brightened_further() -> None:
    geometry = sample_geometry()
    shining = np.full_like(sample().portrait, 90)
    edge = float(np.quantile(geometry.face[:, 0], 0.65))
    shining[:, round(edge) :] = 220
    wanted = motion(headYaw=-0.26)
    face, rotation = geometry.deform(geometry.weights(wanted), 0), geometry.pose(wanted).rotation
    matt = Shade(geometry, load_rig(), np.full_like(shining, 90)).factors(face, rotation)
    out = Shade(geometry, load_rig(), shining).factors(face, rotation)
    right = (geometry.face[:, 0] > edge + 20) & (matt > 1.01)
    assert right.any()
    assert (out[right] - 1).max() < 0.3 * (matt[right] - 1).max()
    darker = matt < 1
    np.testing.assert_allclose(out[darker], matt[darker])
