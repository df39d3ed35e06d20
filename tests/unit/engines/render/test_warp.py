from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.avatars.bundle import Avatar
from engines.avatars.store import default_store
from engines.render.cv import cv2
from engines.render.geometry import LAID_OFF
from engines.render.stage import Stage, image_of
from engines.render.warp import WarpRenderer, _mend
from engines.values import MOTION_SIZE, U8
from tests.support.sample_avatar import motion, sample

NAMES = default_store().names()


@pytest.fixture(scope="module")
def renderer() -> WarpRenderer:
    return WarpRenderer(sample())


def psnr(one: U8, other: U8) -> float:
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)


@pytest.mark.parametrize("name", NAMES)
def test_at_rest_the_picture_is_the_photo(name: str) -> None:
    avatar = default_store().load(name)
    drawing = WarpRenderer(avatar)
    picture = drawing.render(drawing.new_state(), motion())
    assert psnr(picture, avatar.portrait) >= 34


@pytest.mark.parametrize("size", [256, 512])
def test_picture_has_the_asked_size(size: int) -> None:
    drawing = WarpRenderer(sample(), size)
    picture = drawing.render(drawing.new_state(), motion(jawOpen=0.5))
    assert picture.shape == (size, size, 3) and picture.dtype == np.uint8


def test_sizes_show_the_same_face(renderer: WarpRenderer) -> None:
    values = motion(jawOpen=0.4, headYaw=0.1, eyeBlink=1)
    small = WarpRenderer(sample(), 256)
    large = renderer.render(renderer.new_state(), values)
    shrunk = large.reshape(256, 2, 256, 2, 3).mean((1, 3))
    other = small.render(small.new_state(), values).astype(np.float64)
    assert np.abs(shrunk - other).mean() < 4


@pytest.mark.parametrize("size", [0, 100, 250, 4096])
def test_odd_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="multiple of 16"):
        WarpRenderer(sample(), size)


def test_bad_motions_are_refused(renderer: WarpRenderer) -> None:
    broken = motion()
    broken[3] = np.nan
    for bad in (np.zeros(52, np.float32), broken):
        with pytest.raises(ValueError, match="58 finite"):
            renderer.render(renderer.new_state(), bad)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-3, 3, width=32), min_size=MOTION_SIZE, max_size=MOTION_SIZE))
def test_any_finite_motion_gives_a_picture(values: list[float]) -> None:
    drawing = WarpRenderer(sample(), 128)
    picture = drawing.render(drawing.new_state(), np.array(values, np.float32))
    assert picture.shape == (128, 128, 3)


def test_same_motion_same_bytes_whatever_came_before(renderer: WarpRenderer) -> None:
    values = motion(jawOpen=0.3, headRoll=0.05)
    first = renderer.render(renderer.new_state(), values)
    state = renderer.new_state()
    renderer.render(state, motion(eyeBlink=1, headYaw=-0.2))
    np.testing.assert_array_equal(renderer.render(state, values), first)


def test_small_steps_make_small_changes(renderer: WarpRenderer) -> None:
    state = renderer.new_state()
    before = renderer.render(state, motion())
    for step in range(1, 31):
        k = step / 30
        values = motion(jawOpen=0.6 * k, eyeBlink=k, mouthSmile=0.5 * k, headYaw=0.15 * k)
        now = renderer.render(state, values)
        assert np.abs(now.astype(int) - before).mean() < 5, step
        before = now


def test_background_far_from_the_person_stays(renderer: WarpRenderer) -> None:
    picture = renderer.render(renderer.new_state(), motion(headYaw=0.2, headRoll=0.1))
    corner = np.s_[:40, :40]
    assert np.abs(picture[corner].astype(int) - sample().portrait[corner]).mean() < 3


def test_stages_are_timed(renderer: WarpRenderer) -> None:
    state = renderer.new_state()
    renderer.render(state, motion())
    assert state.frames == 1
    assert set(state.stage_s) == {"mesh", "head", "face map", "folds", "face", "mouth", "eyes"}


@pytest.mark.parametrize("shape", ["mouthPucker", "mouthSmile", "mouthFrown"])
def test_nothing_pops_in_a_slow_change(renderer: WarpRenderer, shape: str) -> None:
    # Cracks between touching lips once let single frames show the wrong skin.
    state = renderer.new_state()
    frames = [
        renderer.render(state, motion(**{shape: k / 60})).astype(np.float32) for k in range(61)
    ]
    jolts = [
        float(np.sqrt(((a - 2 * b + c) ** 2).mean()))
        for a, b, c in zip(frames, frames[1:], frames[2:], strict=False)
    ]
    # The first of a frown takes the photo's smile out and is quicker than the rest of it.
    turn = round(60 * LAID_OFF) if shape == "mouthFrown" else 0
    for part in filter(None, (jolts[:turn], jolts[turn:])):
        assert max(part) < 1.6 * float(np.median(part))


def test_missed_pixels_are_mended() -> None:
    mask = np.zeros((9, 9), np.uint8)
    mask[2:7, 2:7] = 255
    mask[4, 4] = 0
    source = np.zeros((2, 9, 9), np.float32)
    source[:, 4, 3] = 7
    gain = np.zeros((9, 9), np.uint8)
    gain[4, 3] = 9
    _mend(mask, source, gain)
    assert mask[4, 4] == 255 and source[:, 4, 4].tolist() == [7, 7] and gain[4, 4] == 9
    assert mask.sum() == 25 * 255


def doubled() -> Avatar:
    """The sample as a photo of twice the size would have made it."""
    one = sample()

    def larger(picture: U8) -> U8:
        out: U8 = cv2.resize(picture, (1024, 1024), interpolation=cv2.INTER_CUBIC)
        return out

    points = one.landmarks * np.float32(2)
    points[:, :2] += 0.5
    return replace(
        one,
        portrait=larger(one.portrait),
        background=larger(one.background),
        alpha=larger(one.alpha),
        skin=larger(one.skin),
        cover=larger(one.cover),
        eyes=larger(one.eyes),
        landmarks=points,
        deltas=one.deltas * np.float32(2),
        rig_scale=2 * one.rig_scale,
    )


@pytest.mark.parametrize("size", [512, 1024])
def test_an_avatar_of_either_size_gives_the_same_picture(size: int) -> None:
    values = motion(jawOpen=0.4, headYaw=0.2, mouthSmile=0.5, eyeBlink=0.4)
    one, other = WarpRenderer(sample(), size), WarpRenderer(doubled(), size)
    apart = one.render(one.new_state(), values).astype(int) - other.render(
        other.new_state(), values
    )
    assert np.abs(apart).mean() < 1.5


EXTREMES = [
    {"headYaw": 1.0, "headPitch": 0.5, "headRoll": 0.5, "jawOpen": 1.0, "mouthSmile": 1.0},
    {"headYaw": -1.0, "headPitch": -0.5, "headRoll": 0.5, "jawOpen": 0.6, "cheekPuff": 1.0},
    {"headYaw": 1.0, "headPitch": -0.5, "headRoll": -0.5, "mouthPucker": 1.0, "eyeBlink": 1.0},
    {"headYaw": -1.0, "headPitch": 0.5, "mouthFunnel": 1.0, "browInnerUp": 1.0},
]


@pytest.mark.parametrize("size", [256, 512, 1024])
@pytest.mark.parametrize("values", EXTREMES)
def test_the_face_has_no_hole_at_the_extremes(values: dict[str, float], size: int) -> None:
    drawing = WarpRenderer(sample(), size)
    state, wanted = drawing.new_state(), motion(**values)
    geometry = drawing._geometry
    weights = geometry.weights(wanted)
    face = geometry.deform(weights, 0)
    pose = geometry.pose(wanted)
    placed = geometry.place(face, geometry.face_follow, pose)
    coarse = drawing._field.backward(drawing._field.forward(face - geometry.face, pose))
    light = np.ones(468, np.float32)
    shown = drawing._face_map(state, coarse, placed, drawing._texture_rows(weights), light)
    parts, _ = cv2.findContours((shown.mask > 40).astype(np.uint8), cv2.RETR_CCOMP, 1)
    assert len(parts) == 1, "one face, and no hole in it"
    # Nowhere does the map jump: neighbours in the face come from neighbours in the photo.
    inside = cv2.erode(shown.mask, np.ones((5, 5), np.uint8)) > 250
    jump = np.abs(np.diff(shown.source, axis=2)).max(0)[inside[:, 1:]]
    assert np.quantile(jump, 0.99) < 12


@pytest.mark.parametrize("side", [1, -1])
def test_nothing_pops_while_talking_turning_and_smiling(renderer: WarpRenderer, side: int) -> None:
    state = renderer.new_state()
    frames = []
    for k in range(61):
        t = k / 60
        values = motion(
            jawOpen=0.1 + 0.3 * t, mouthSmile=0.6 * t, headYaw=side * 0.25 * (2 * t - 1),
            headPitch=0.1 * (1 - 2 * t), headRoll=0.08 * t,
        )  # fmt: skip
        frames.append(renderer.render(state, values).astype(np.float32))
    jolts = [
        float(np.sqrt(((a - 2 * b + c) ** 2).mean()))
        for a, b, c in zip(frames, frames[1:], frames[2:], strict=False)
    ]
    assert max(jolts) < 1.8 * float(np.median(jolts))


def test_folds_show_in_the_face_layer_and_leave_the_rest_pose_alone() -> None:
    plain, drawing = WarpRenderer(sample()), WarpRenderer(sample())
    plain._folds.factors = lambda weights, source: None  # type: ignore[method-assign]
    at_rest = [one.render(one.new_state(), motion()) for one in (plain, drawing)]
    np.testing.assert_array_equal(at_rest[0], at_rest[1])
    raised = motion(browInnerUp=1, browOuterUp=1)
    without, with_folds = (
        one.render(one.new_state(), raised).astype(int) for one in (plain, drawing)
    )
    change = np.abs(with_folds - without).max(2)
    forehead = round(float(sample().landmarks[151, 1])), round(float(sample().landmarks[151, 0]))
    box = np.s_[forehead[0] - 25 : forehead[0] + 25, forehead[1] - 20 : forehead[1] + 20]
    assert change[box].max() > 12
    assert change[round(float(sample().landmarks[1, 1])) :].max() <= 1
    # Skin lets red through: a fold's shadow is warm.
    darker = (with_folds - without)[box].reshape(-1, 3).astype(float)
    deep = darker.sum(1) < -30
    assert deep.any()
    share = -darker[deep] / without[box].reshape(-1, 3)[deep]
    assert share[:, 2].mean() < 0.85 * share[:, 1].mean()


def striped(size: int) -> U8:
    stripes = np.where(np.arange(size) // 9 % 2, 230, 30).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(stripes[None, :, None], (size, size, 3)))


@pytest.mark.parametrize("values", EXTREMES)
def test_another_background_stays_still_to_the_pixel(values: dict[str, float]) -> None:
    one, wall = sample(), striped(512)
    drawing = WarpRenderer(one, one.size, Stage(image_of(wall, one.size)))
    state, wanted = drawing.new_state(), motion(**values)
    picture = drawing.render(state, wanted)
    # Free at rest, and neither the person nor the face's outline is there now.
    face = drawing._geometry.deform(drawing._geometry.weights(wanted), 0)
    placed = drawing._geometry.place(
        face, drawing._geometry.face_follow, drawing._geometry.pose(wanted)
    )
    covered = np.zeros((one.size, one.size), np.uint8)
    cv2.fillPoly(covered, [cv2.convexHull(np.rint(placed[:, :2]).astype(np.int32))], 1)
    covered = cv2.dilate(covered, np.ones((9, 9), np.uint8))
    free = (one.alpha == 0) & (covered == 0)
    assert state.overlay is not None
    free[: drawing._field.rows] &= state.person[..., 3] == 0
    assert free.mean() > 0.2
    np.testing.assert_array_equal(picture[free], wall[free])


@pytest.mark.parametrize("values", EXTREMES)
def test_beside_a_moved_head_its_own_wall_shows_nothing_made_up(values: dict[str, float]) -> None:
    one = sample()
    wall = np.zeros_like(one.portrait)
    wall[..., 0] = 200
    share = one.alpha[..., None].astype(np.float32) / 255
    photo = np.rint((0, 0, 150) * share + wall * (1 - share)).astype(np.uint8)
    made_up = np.where(one.alpha[..., None] > 0, (0, 255, 0), wall).astype(np.uint8)
    bare = replace(one, portrait=photo, background=made_up)
    drawing = WarpRenderer(bare, one.size)
    picture = drawing.render(drawing.new_state(), motion(**values))
    # A nod pulls in what is thought to lie above the portrait.
    beside = picture[20:][one.alpha[20:] == 0]
    assert beside[:, 1].max() < 60 and (beside[:, 0] > 190).mean() > 0.85
