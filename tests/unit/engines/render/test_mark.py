from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engines.render.mark import CORNERS, MARGIN, Mark, Marked, MarkStyle, marked
from engines.values import F32, MOTION_SIZE, U8
from tests.support.fake_renderer import FakeAvatar, FakeRenderer

SIZES = (256, 384, 512, 768, 1024)


def flat(size: int, grey: int) -> U8:
    return np.full((size, size, 3), grey, np.uint8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corner", CORNERS)
def test_the_mark_is_in_its_corner_and_leaves_the_rest(size: int, corner: Any) -> None:
    picture = flat(size, 200)
    Mark(MarkStyle(corner=corner), size).draw(picture)
    rows, columns = np.nonzero((picture != 200).any(2))
    free = round(MARGIN * size)
    assert rows.min() >= free and rows.max() < size - free
    assert columns.min() >= free and columns.max() < size - free
    assert ("top" in corner) == (rows.mean() < size / 2)
    assert ("left" in corner) == (columns.mean() < size / 2)
    assert np.ptp(rows) < 0.12 * size and np.ptp(columns) < 0.6 * size


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_letters_stand_out_on_any_ground(size: int, grey: int) -> None:
    """WCAG contrast between letters and plate, and letters high enough to read."""
    picture = flat(size, grey)
    mark = Mark(MarkStyle(), size)
    mark.draw(picture)
    part = picture[mark.top : mark.top + mark.height, mark.left : mark.left + mark.width]
    letters, plate = luminance(part.max()), luminance(np.median(part))
    assert (letters + 0.05) / (plate + 0.05) >= 4.5
    high = np.flatnonzero((part[..., 0] > 240).any(1))
    assert len(high) >= 8


def luminance(grey: float) -> float:
    return float((grey / 255) ** 2.2)


@pytest.mark.parametrize(
    "text", ["AI", "AI-generated", "KI-generiert", "générée par IA", "AI 生成"]
)
def test_texts_of_many_languages_are_drawn(text: str) -> None:
    one, other = flat(512, 90), flat(512, 90)
    Mark(MarkStyle(text=text), 512).draw(one)
    Mark(MarkStyle(text="W"), 512).draw(other)
    assert (one > 240).any() and not np.array_equal(one, other)


def test_a_long_text_is_made_to_fit() -> None:
    picture = flat(256, 90)
    mark = Mark(MarkStyle(text="W" * 32, size=0.12), 256)
    mark.draw(picture)
    assert mark.left >= 16 and mark.left + mark.width <= 240


def test_size_and_opacity_are_obeyed() -> None:
    small, large = Mark(MarkStyle(size=0.03), 512), Mark(MarkStyle(size=0.06), 512)
    assert 1.6 < large.height / small.height < 2.4
    full, faint = flat(512, 255), flat(512, 255)
    Mark(MarkStyle(), 512).draw(full)
    Mark(MarkStyle(opacity=0.4), 512).draw(faint)
    assert full.min() < faint.min() < 255


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"text": ""}, "text"),
        ({"text": "   "}, "text"),
        ({"text": "x" * 33}, "text"),
        ({"text": "two\nlines"}, "printable"),
        ({"corner": "middle"}, "bottom-right"),
        ({"size": 0.5}, "size"),
        ({"size": float("nan")}, "size"),
        ({"opacity": 0.1}, "opacity"),
    ],
)
def test_what_could_not_be_read_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MarkStyle(**values)


def plain(avatar: object, size: int, stage: object) -> FakeRenderer:
    return FakeRenderer(avatar, size)


def test_every_picture_of_a_marked_renderer_carries_it() -> None:
    style = MarkStyle(corner="top-right")
    build: Callable[[Any, int, Any], Any] = marked(plain, style)
    renderer = build(FakeAvatar(), 256, None)
    assert isinstance(renderer, Marked)
    state, still = renderer.new_state(), np.zeros(MOTION_SIZE, np.float32)
    bare = FakeRenderer(FakeAvatar(), 256)
    wanted = bare.render(bare.new_state(), still)
    Mark(style, 256).draw(wanted)
    np.testing.assert_array_equal(renderer.render(state, still), wanted)


def test_no_style_no_mark() -> None:
    assert marked(plain, None) is plain


def test_motion_goes_through() -> None:
    jaw: F32 = np.zeros(MOTION_SIZE, np.float32)
    jaw[17] = 1
    renderer = marked(plain, MarkStyle())(FakeAvatar(), 256, None)
    one = renderer.render(renderer.new_state(), jaw)
    two = renderer.render(renderer.new_state(), np.zeros(MOTION_SIZE, np.float32))
    assert not np.array_equal(one[:100], two[:100])
