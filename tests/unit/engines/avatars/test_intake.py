"""Pictures in, upright; everything else refused with its remedy."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.avatars import intake
from engines.avatars.intake import MAX_BYTES, NEUTRAL_GREY, BadImage, check, decode
from engines.values import U8
from tests.unit.engines.avatars.pictures import CMYK_JPEG, bomb, chunk, encode, scene, turned

# As the Exif standard has it: what lies in the file, for a scene that is to be seen upright.
STORED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: np.rot90(p, 1)[:, ::-1],
    8: lambda p: np.rot90(p, -1),
}


def refused(data: bytes) -> BadImage:
    with pytest.raises(BadImage) as caught:
        decode(data)
    error = caught.value
    assert error.what and error.got and error.wanted and error.remedy
    assert error.remedy in str(error) and error.got in str(error)
    return error


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(ending: str, orientation: int) -> None:
    stored = np.ascontiguousarray(STORED[orientation](scene()))
    options = (64, 101) if ending == ".webp" else ()
    picture = decode(turned(encode(stored, ending, *options), orientation))
    assert picture.shape == (120, 160, 3) and picture.dtype == np.uint8
    quarters = [picture[y, x].astype(int) for y in (30, 90) for x in (40, 120)]
    wanted = [scene()[y, x].astype(int) for y in (30, 90) for x in (40, 120)]
    assert np.abs(np.array(quarters) - np.array(wanted)).max() < 12


def test_depths_and_channels() -> None:
    grey = np.full((100, 100), 77, np.uint8)
    assert (decode(encode(grey)) == 77).all()
    assert (decode(encode(grey.astype(np.uint16) * 257)) == 77).all()
    deep = scene().astype(np.uint16) * 257
    assert (decode(encode(deep)) == scene()).all()


@pytest.mark.parametrize("scale", [1, 257])
def test_transparency_lies_on_grey(scale: int) -> None:
    picture = np.dstack([scene(), np.full((120, 160), 255, np.uint8)])
    picture[:60, :, 3] = 0
    kind = np.uint8 if scale == 1 else np.uint16
    out = decode(encode((picture.astype(int) * scale).astype(kind)))
    assert (out[:60] == NEUTRAL_GREY).all()
    assert (out[60:] == scene()[60:]).all()


def test_a_transparent_picture_is_turned_too() -> None:
    picture = np.dstack([scene(), np.full((120, 160), 254, np.uint8)])
    assert decode(turned(encode(picture), 6)).shape == (160, 120, 3)


def test_cmyk_is_turned_to_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MIN_SIDE_PX", 8)
    assert np.abs(decode(CMYK_JPEG)[4, 8].astype(int) - [51, 182, 228]).max() < 6
    error = refused(CMYK_JPEG.replace(b"Adobe", b"Other"))
    assert error.code == "image_unusual" and "RGB" in error.remedy


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"", "no_image", "empty"),
        (b"hello world, no picture", "no_image", "not a picture"),
        (b"GIF89a" + bytes(50), "image_kind", "GIF"),
        (b"BM" + bytes(50), "image_kind", "BMP"),
        (b"II*\x00" + bytes(50), "image_kind", "TIFF"),
        (b"\0\0\0\x18ftypheic" + bytes(50), "image_kind", "HEIC"),
        (b"\0\0\0\x18ftypavif" + bytes(50), "image_kind", "AVIF"),
        (encode(scene(), ".jpg")[:-300], "image_truncated", "cut off"),
        (encode(scene(), ".png")[:-30], "image_truncated", "cut off"),
        (encode(scene(), ".webp")[:-30], "image_truncated", "cut off"),
        (encode(scene(40, 60)), "image_too_small", "60 x 40"),
        (bomb(8000, 6500), "image_too_large", "52 megapixels"),
        (bomb(8000, 5001), "image_too_large", "41 megapixels"),
        (bomb(2**31 - 1, 2**31 - 1), "image_too_large", "megapixels"),
        (bomb(300, 300), "image_damaged", "damaged"),
    ],
)
def test_the_list_of_bad_input(data: bytes, code: str, said: str) -> None:
    error = refused(data)
    assert error.code == code and said in str(error)


def test_an_animation_is_refused() -> None:
    data = encode(scene())
    assert refused(data[:33] + chunk(b"acTL", bytes(8)) + data[33:]).code == "image_unusual"


def test_limits_come_before_the_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> U8:
        raise AssertionError("decoded")

    monkeypatch.setattr(intake, "_read", never)
    assert refused(b"\xff\xd8\xff" + bytes(MAX_BYTES)).code == "image_too_large"
    assert refused(bomb(30_000, 30_000)).code == "image_too_large"
    with pytest.raises(AssertionError, match="decoded"):
        decode(encode(scene()))


def test_deep_pictures_may_have_fewer_pixels() -> None:
    for depth, width, code in ((16, 3_600, ""), (16, 6_000, "image_too_large"), (8, 6_000, "")):
        head = struct.pack(">IIBBBBB", width, 5_500, depth, 6, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"x")
        data += chunk(b"IEND", b"")
        if code:
            with pytest.raises(BadImage, match="8 bits") as caught:
                check(data)
            assert caught.value.code == code
        else:
            check(data)


def test_strips_of_a_tall_picture_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    clear = rng.integers(0, 255, (150, 120, 4), np.uint8)
    whole = decode(encode(clear))
    monkeypatch.setattr(intake, "STRIP_ROWS", 64)
    assert np.array_equal(decode(encode(clear)), whole)
    grey = rng.integers(0, 65_535, (150, 120), np.uint16)
    assert np.array_equal(decode(encode(grey))[..., 1], (grey >> 8).astype(np.uint8))


def test_check_decodes_nothing() -> None:
    assert check(bomb(300, 300)).width == 300


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_spoilt_files_become_pictures_or_errors_and_nothing_else(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([".jpg", ".png", ".webp"]))
    whole = bytearray(encode(scene(), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        picture = decode(bytes(whole))
    except BadImage as error:
        assert error.remedy
    else:
        assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=600))
def test_no_bytes_break_it(data: bytes) -> None:
    with pytest.raises(BadImage):
        decode(data)
