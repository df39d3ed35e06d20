from dataclasses import replace

import numpy as np
import pytest

from engines.render import landmarks as lm
from engines.render.backdrops import backdrop
from engines.render.cutout import spotless
from engines.render.layers import cut, over, resized
from engines.render.stage import (
    AS_IT_IS,
    Backdrop,
    Blur,
    Colour,
    Image,
    Photo,
    Stage,
    blurred,
    colour_of,
    head_window,
    image_of,
    set_up,
    text_of,
)
from engines.render.warp import WarpRenderer
from engines.values import MOTION_SIZE, U8
from tests.support.sample_avatar import motion, sample

GREEN = (64, 177, 0)


def drawn(stage: Stage, size: int = 256, **values: float) -> U8:
    renderer = WarpRenderer(sample(), size, stage)
    moved = motion(**values) if values else np.zeros(MOTION_SIZE, np.float32)
    return renderer.render(renderer.new_state(), moved)


def test_the_default_stage_is_the_photo() -> None:
    scene = set_up(sample(), 256)
    assert scene.avatar is sample()
    plain = cut(sample(), 256)
    np.testing.assert_array_equal(scene.layers.rest, plain.rest)
    assert scene.wall is not None
    margin = int(scene.reach_corner[0])
    together = over(scene.reach[margin:-margin, margin:-margin], scene.wall).astype(int)
    assert np.abs(together - plain.photo).max() <= 2
    np.testing.assert_array_equal(scene.matte, resized(sample().alpha, 256))
    assert not scene.corner.any() and margin > 10
    np.testing.assert_array_equal(drawn(AS_IT_IS), drawn(Stage(Photo(), "shoulders", False)))


def test_a_colour_stands_where_nobody_is_and_nowhere_else() -> None:
    before, after = drawn(AS_IT_IS), drawn(Stage(Colour(GREEN)))
    alpha = resized(sample().alpha, 256)
    assert (after[alpha == 0] == GREEN).all()
    inside = np.abs(after[alpha == 255].astype(int) - before[alpha == 255])
    assert inside.mean() < 1.0


def test_a_colour_leaves_no_rim_of_the_old_wall() -> None:
    """Half-clear pixels over black are no brighter than the person just inside the edge."""
    bright = replace(
        sample(), portrait=_before_a_wall((250, 250, 250)), background=_wall((250, 250, 250))
    )
    scene = set_up(bright, 512, Stage(Colour((0, 0, 0))))
    alpha = scene.matte
    top = np.s_[: int(sample().landmarks[lm.FACE_TOP, 1])]
    rim = (alpha[top] > 20) & (alpha[top] < 200)
    true = sample().portrait[top].astype(float)
    hair = true[alpha[top] == 255].max(1).mean()
    seen = scene.layers.rest[top].astype(float).max(2)[rim].mean()
    assert seen < hair, f"rim {seen:.0f}, hair {hair:.0f}"


def _wall(colour: tuple[int, int, int]) -> U8:
    return np.full_like(sample().background, colour)


def _before_a_wall(colour: tuple[int, int, int]) -> U8:
    return over(spotless(sample().portrait, sample().alpha), _wall(colour))


def test_every_colour_backdrop_and_picture_is_seen() -> None:
    alpha = resized(sample().alpha, 256)
    mine = np.random.default_rng(1).integers(0, 255, (300, 500, 3)).astype(np.uint8)
    for background, wanted in (
        (Backdrop("evening"), backdrop("evening", 256)),
        (image_of(mine, 256), image_of(mine, 256).pixels),
    ):
        got = drawn(Stage(background))
        np.testing.assert_array_equal(got[alpha == 0], wanted[alpha == 0])


def test_mirroring_turns_the_person_but_no_picture_of_theirs() -> None:
    plain, turned = drawn(AS_IT_IS), drawn(Stage(mirrored=True))
    np.testing.assert_array_equal(turned, plain[:, ::-1])
    mine = np.zeros((64, 64, 3), np.uint8)
    mine[:, :32] = 255
    image = image_of(mine, 256)
    seen = drawn(Stage(image, mirrored=True))
    assert (seen[0, 0] == 255).all() and (seen[0, -1] == 0).all()


@pytest.mark.parametrize("size", [128, 256, 512, 1024])
def test_the_head_is_framed_closer_and_stays_in_the_frame(size: int) -> None:
    scene = set_up(sample(), size, Stage(framing="head"))
    assert scene.layers.rest.shape == (size, size, 3)
    assert scene.avatar.size == size
    far = sample().landmarks[:, :2] * (size / sample().size)
    near = scene.avatar.landmarks[:, :2]
    zoom = np.ptp(near, axis=0) / np.ptp(far, axis=0)
    assert zoom[0] == pytest.approx(zoom[1], rel=1e-3)
    assert 1.1 < zoom[0] < 2.0
    assert (near > 0).all() and (near < size - 1).all()
    shape = scene.avatar.deltas / sample().deltas.clip(1e-9)
    assert np.isfinite(shape).all()
    x, y = scene.reach_corner.astype(int)
    inside = scene.reach[y : y + size, x : x + size]
    whole = inside[..., 3] == 255
    assert whole.mean() > 0.2
    np.testing.assert_array_equal(inside[whole][:, :3], scene.layers.photo[whole])


def test_framing_moves_pixels_and_points_alike() -> None:
    """The framed picture around an eye is the portrait around that eye, enlarged."""
    scene = set_up(sample(), 512, Stage(framing="head"))
    eye = lm.EYES[0].iris[0]
    scale = scene.avatar.rig_scale / sample().rig_scale
    then, now = sample().landmarks[eye, :2], scene.avatar.landmarks[eye, :2]
    for step in (np.array([0, 0]), np.array([12, 0]), np.array([0, -14])):
        was = sample().portrait[tuple(np.rint(then + step).astype(int)[::-1])].astype(int)
        is_ = scene.layers.photo[tuple(np.rint(now + step * scale).astype(int)[::-1])]
        assert np.abs(was - is_).max() < 30


def test_what_lies_past_the_frame_is_pulled_in_by_a_turn() -> None:
    """No smear: the last row below a moved head is not the still one's edge drawn out."""
    scene = set_up(sample(), 256, Stage(Colour(GREEN), "head"))
    assert scene.reach.shape[0] > 256
    got = drawn(Stage(Colour(GREEN), "head"), headRoll=0.14, headY=-0.1)
    rows = np.abs(np.diff(got[-6:].astype(int), axis=0)).mean((1, 2))
    assert (rows > 0).all()


def test_a_head_that_fills_the_portrait_is_framed_all_the_same() -> None:
    points = sample().landmarks.copy()
    points[:, :2] = (points[:, :2] - 256) * 1.8 + 256
    x, y, side = head_window(replace(sample(), landmarks=points))
    assert 0 < side < 512 and x >= 0 and y >= 0 and x + side <= 512 and y + side <= 512


def test_no_alpha_no_hair() -> None:
    nobody = replace(sample(), alpha=np.zeros_like(sample().alpha))
    x, y, side = head_window(nobody)
    assert np.isfinite([x, y, side]).all() and side > 100


def test_blur_grows_with_its_strength_and_keeps_the_light() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (256, 256, 3)).astype(np.uint8)
    rough = [blurred(noise, strength).std() for strength in (0.0, 0.5, 1.0)]
    assert noise.std() > 2 * rough[0] and rough[0] > rough[1] > rough[2]
    flat = np.full((128, 128, 3), (10, 120, 250), np.uint8)
    assert np.abs(blurred(flat, 1.0).astype(int) - flat).max() <= 1
    soft = set_up(sample(), 256, Stage(Blur(1.0)))
    assert soft.layers.background is not None
    assert soft.layers.background.std() < resized(sample().background, 256).std() + 1


def test_a_picture_is_cut_to_its_middle_square_and_copied() -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = 200
    image = image_of(wide, 64)
    assert image.pixels.shape == (64, 64, 3) and (image.pixels == 200).all()
    same = np.full((64, 64, 3), 9, np.uint8)
    kept = image_of(same, 64)
    assert not np.shares_memory(kept.pixels, same)


def test_stages_are_compared_by_what_they_show() -> None:
    one = image_of(np.full((80, 80, 3), 9, np.uint8), 64)
    two = image_of(np.full((90, 90, 3), 9, np.uint8), 64)
    three = image_of(np.full((90, 90, 3), 8, np.uint8), 64)
    assert one == two and one != three
    assert hash(Stage(one)) == hash(Stage(two))
    assert Stage(one).private and not Stage(Colour(GREEN)).private
    assert isinstance(one, Image) and "pixels" not in repr(one)


def test_colours_are_read_and_written() -> None:
    assert colour_of("#00B140") == Colour((64, 177, 0))
    assert text_of(colour_of("#00b140")) == "#00b140"


@pytest.mark.parametrize(
    "text", ["", "00b140", "#00b14", "#00b1400", "#gg0000", "#00 b14", "# 0b140"]
)
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="rrggbb"):
        colour_of(text)


def test_only_the_flip_costs_a_frame() -> None:
    """Whatever is on stage, a frame is drawn from pictures made before."""
    renderer = WarpRenderer(sample(), 256, Stage(Backdrop("dusk"), "head", True))
    state = renderer.new_state()
    first = renderer.render(state, motion(jawOpen=0.3))
    again = renderer.render(state, motion(jawOpen=0.3))
    np.testing.assert_array_equal(first, again)
    assert first.flags.c_contiguous and first is not again
