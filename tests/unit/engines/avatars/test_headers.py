"""Files as they say they are, and files that lie."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.avatars.headers import (
    MAX_SCANS,
    BrokenHeader,
    Header,
    exif_orientation,
    foreign,
    read_header,
)
from tests.unit.engines.avatars.pictures import (
    CMYK_JPEG,
    bomb,
    chunk,
    encode,
    jpeg_bomb,
    scene,
    tiff,
    turned,
)

KINDS = {".jpg": "JPEG", ".png": "PNG", ".webp": "WebP"}


@pytest.mark.parametrize(("ending", "kind"), KINDS.items())
@pytest.mark.parametrize("orientation", [1, 6])
def test_kind_size_and_turn_are_read(ending: str, kind: str, orientation: int) -> None:
    options = (64, 101) if ending == ".webp" else ()  # Above 100: lossless.
    data = turned(encode(scene(), ending, *options), orientation)
    room = 3 if kind == "PNG" else 4
    assert read_header(data) == Header(kind, 160, 120, orientation, pixel_bytes=room)


def test_a_lossy_webp_has_a_size() -> None:
    assert read_header(encode(scene(), ".webp", 64, 80)) == Header("WebP", 160, 120)


@pytest.mark.parametrize("ending", KINDS)
@given(share=st.floats(0.02, 0.999))
def test_a_file_cut_anywhere_is_told(ending: str, share: float) -> None:
    data = encode(scene(), ending)
    with pytest.raises(BrokenHeader):
        read_header(data[: max(12, int(share * len(data)))])


@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_any_bytes_are_read_or_refused(tail: bytes, start: bytes) -> None:
    try:
        read_header(start + tail)
    except BrokenHeader as error:
        assert str(error)


@given(st.data())
def test_a_spoilt_file_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(encode(scene(), data.draw(st.sampled_from([*KINDS]))))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_header(bytes(whole))
    except BrokenHeader as error:
        assert str(error)


def test_a_large_picture_is_seen_without_decoding() -> None:
    found = read_header(bomb(60_000, 60_000))
    assert found is not None and (found.width, found.height) == (60_000, 60_000)


def test_strange_jpegs_are_named() -> None:
    assert read_header(CMYK_JPEG) == Header("JPEG", 16, 8)
    plain = CMYK_JPEG.replace(b"Adobe", b"Other")
    found = read_header(plain)
    assert found is not None and "CMYK" in found.strange
    data = encode(scene(), ".jpg")
    found = read_header(data.replace(b"\xff\xc0", b"\xff\xc3", 1))
    assert found is not None and found.strange


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = encode(scene(), ".jpg")
    start = data.index(b"\xff\xda")
    with pytest.raises(BrokenHeader, match="scans"):
        read_header(data[:start] + (MAX_SCANS + 1) * data[start:-2] + b"\xff\xd9")


def test_the_larger_a_jpeg_the_fewer_scans_it_may_hold() -> None:
    data = jpeg_bomb(8_000, 5_000)
    start = data.index(b"\xff\xda")
    for scans, taken in ((20, True), (21, False)):
        many = data[:start] + scans * data[start:-2] + b"\xff\xd9"
        if taken:
            header = read_header(many)
            assert header is not None and header.width == 8_000
        else:
            with pytest.raises(BrokenHeader, match="21 scans of 40 megapixels"):
                read_header(many)


@pytest.mark.parametrize(
    ("picture", "room"),
    [
        (np.zeros((9, 9), np.uint8), 1),
        (np.zeros((9, 9, 3), np.uint8), 3),
        (np.zeros((9, 9, 4), np.uint8), 4),
        (np.zeros((9, 9), np.uint16), 2),
        (np.zeros((9, 9, 4), np.uint16), 8),
    ],
)
def test_the_room_a_png_takes_is_told(picture: object, room: int) -> None:
    header = read_header(encode(picture))
    assert header is not None and header.pixel_bytes == room


def test_a_jpeg_with_two_frames_is_refused() -> None:
    data = encode(scene(), ".jpg")
    start = data.index(b"\xff\xc0")
    (length,) = struct.unpack_from(">H", data, start + 2)
    frame = data[start : start + 2 + length]
    with pytest.raises(BrokenHeader, match="two frames"):
        read_header(data[:start] + frame + data[start:])


def test_a_png_with_a_wrong_sum_or_no_pixels_is_refused() -> None:
    data = bytearray(encode(scene()))
    data[-20] ^= 1
    with pytest.raises(BrokenHeader, match="checksum"):
        read_header(bytes(data))
    empty = bomb(200, 200)
    start = empty.index(b"IDAT") - 4
    with pytest.raises(BrokenHeader, match="no picture"):
        read_header(empty[:start] + chunk(b"IEND", b""))


def test_animations_are_told() -> None:
    data = encode(scene())
    found = read_header(data[:33] + chunk(b"acTL", bytes(8)) + data[33:])
    assert found is not None and found.animated


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"GIF89a", "GIF"),
        (b"BM\x00", "BMP"),
        (b"II*\x00", "TIFF"),
        (b"MM\x00*", "TIFF"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1", "HEIC"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "HEIC"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1", "AVIF"),
        (b"\x00\x00\x00\x18ftypmp42", "video"),
        (b"%PDF-1.4", "PDF"),
        (b'<?xml version="1.0"?><svg ', "SVG"),
        (b"hello", ""),
    ],
)
def test_other_kinds_are_called_by_name(start: bytes, name: str) -> None:
    assert foreign(start + bytes(40)) == name
    assert read_header(start + bytes(40)) is None


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", [*range(1, 9)])
def test_orientation_in_both_byte_orders(order: str, value: int) -> None:
    assert exif_orientation(tiff(value, order)) == value
    assert exif_orientation(b"Exif\x00\x00" + tiff(value, order)) == value


@given(st.binary(max_size=80))
def test_any_exif_has_an_orientation(tail: bytes) -> None:
    assert 1 <= exif_orientation(b"II*\x00" + tail) <= 8
    assert exif_orientation(tiff(9)) == 1
