import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.avatars.store import default_store
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
    assert set(state.stage_s) == {"mesh", "head", "face map", "face", "mouth", "eyes"}


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
    assert max(jolts) < 1.6 * float(np.median(jolts))


def test_missed_pixels_are_mended() -> None:
    mask = np.zeros((9, 9), np.uint8)
    mask[2:7, 2:7] = 255
    mask[4, 4] = 0
    source = np.zeros((9, 9, 2), np.float32)
    source[4, 3] = 7
    gain = np.zeros((9, 9), np.uint8)
    gain[4, 3] = 9
    _mend(mask, source, gain)
    assert mask[4, 4] == 255 and source[4, 4].tolist() == [7, 7] and gain[4, 4] == 9
    assert mask.sum() == 25 * 255
