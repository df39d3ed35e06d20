"""What a picture file says of itself: kind, size, bits, orientation; read without decoding.

Any thread; pure functions over bytes, linear in the file's length.
Never believes more than it must: a file whose parts do not add up is truncated or damaged.

JPEG: ITU-T T.81; PNG: W3C PNG third edition; WebP: RFC 9649; Exif: CIPA DC-008.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_PNG = b"\x89PNG\r\n\x1a\n"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BASELINE = frozenset({0xC0, 0xC1, 0xC2})
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
MAX_SCANS = 100
MAX_SCAN_PIXELS = 800_000_000
"""A progressive photo has about ten scans; each costs a pass over the whole picture."""
_PNG_CHANNELS = {0: 1, 2: 3, 3: 4, 4: 4, 6: 4}
"""By colour type, as they are decoded: grey with alpha becomes colour with alpha."""
_ORIENTATION = 0x0112
_FOREIGN = (
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"%PDF", "PDF"),
    (b"8BPS", "Photoshop"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
)
_BRANDS = {
    b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"heim": "HEIC", b"heis": "HEIC",
    b"mif1": "HEIC", b"msf1": "HEIC", b"avif": "AVIF", b"avis": "AVIF",
}  # fmt: skip


class BrokenHeader(Exception):
    """A file that begins like a picture and does not go on like one; `cut`: its end is missing."""

    def __init__(self, text: str, *, cut: bool = False) -> None:
        super().__init__(text)
        self.cut = cut


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says."""

    kind: str
    """JPEG, PNG or WebP."""
    width: int
    height: int
    orientation: int = 1
    """Exif 1 to 8."""
    animated: bool = False
    pixel_bytes: int = 4
    """Room that one pixel takes while it is decoded, at most."""
    strange: str = ""
    """Why no ordinary reader shows it rightly; empty for an ordinary picture."""


def foreign(data: bytes) -> str:
    """Name of a kind of file we know but do not take, or empty."""
    for start, name in _FOREIGN:
        if data.startswith(start):
            return name
    if data[4:8] == b"ftyp":
        brands = [data[8:12], *(data[i : i + 4] for i in range(16, min(len(data), 48), 4))]
        named = [_BRANDS[b] for b in brands if b in _BRANDS]
        return "AVIF" if "AVIF" in named else named[0] if named else "video"
    if b"<svg" in data[:512].lower():
        return "SVG"
    return ""


def read_header(data: bytes) -> Header | None:
    """None when it is neither JPEG, PNG nor WebP. Raises BrokenHeader."""
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data.startswith(_PNG):
            return _png(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError) as error:
        raise BrokenHeader("a part is shorter than it says", cut=True) from error
    return None


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and body of each segment up to the end mark."""
    at = 2
    while True:
        found = _MARKER.search(data, at)
        if found is None:
            raise BrokenHeader("the end is missing", cut=True)
        marker, at = found[1][0], found.end()
        if marker == 0xD9:
            return
        if marker in (0x01, 0xD8):
            continue
        (length,) = struct.unpack_from(">H", data, at)
        body = data[at + 2 : at + length]
        if length < 2 or len(body) != length - 2:
            raise BrokenHeader("a segment is cut off", cut=True)
        yield marker, body
        at += length


def _jpeg(data: bytes) -> Header:
    scans, orientation, adobe = 0, 1, False
    frame: tuple[int, int, int, int, int] | None = None
    for marker, body in _segments(data):
        if marker in _FRAMES:
            if frame is not None:
                raise BrokenHeader("it holds two frames")
            frame = (marker, *struct.unpack_from(">BHHB", body))
        elif marker == 0xE1 and body.startswith(b"Exif\x00\x00"):
            orientation = exif_orientation(body)
        elif marker == 0xEE and body.startswith(b"Adobe"):
            adobe = True
        elif marker == 0xDA:
            scans += 1
            if scans > MAX_SCANS:
                raise BrokenHeader(f"it holds more than {MAX_SCANS} scans")
    if frame is None or not scans:
        raise BrokenHeader("there is no picture in it")
    marker, bits, height, width, planes = frame
    _check_scans(scans, width * height)
    strange = "" if marker in _BASELINE and bits == 8 else "an uncommon compression"
    if planes == 4 and not adobe:
        strange = "CMYK colours of an unknown kind"
    return Header("JPEG", width, height, orientation, strange=strange)


def _check_scans(scans: int, pixels: int) -> None:
    if scans > 1 and scans * pixels > MAX_SCAN_PIXELS:
        raise BrokenHeader(f"it holds {scans} scans of {pixels / 1e6:.0f} megapixels")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each chunk up to the end, checksums compared."""
    at = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise BrokenHeader("the end is missing", cut=True)
        view = memoryview(data)[at + 4 : end - 4]
        if zlib.crc32(view) != int.from_bytes(data[end - 4 : end], "big"):
            raise BrokenHeader("a checksum does not hold")
        if kind == b"IEND":
            return
        # Pixels are not looked at, so not copied either.
        yield kind, b"" if kind == b"IDAT" else bytes(view[4:])
        at = end


def _png(data: bytes) -> Header:
    orientation, seen = 1, set()
    size: tuple[int, int] | None = None
    room = 4
    for kind, body in _chunks(data):
        if size is None:
            if kind != b"IHDR" or len(body) != 13:
                raise BrokenHeader("it does not begin with its size")
            size = struct.unpack_from(">II", body)
            room = _PNG_CHANNELS.get(body[9], 4) * (2 if body[8] == 16 else 1)
        if kind == b"eXIf":
            orientation = exif_orientation(body)
        seen.add(kind)
    if size is None or b"IDAT" not in seen:
        raise BrokenHeader("there is no picture in it")
    return Header("PNG", *size, orientation, animated=b"acTL" in seen, pixel_bytes=room)


def _webp(data: bytes) -> Header:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise BrokenHeader("the end is missing", cut=True)
    width, height, orientation, animated, pixels = 0, 0, 1, False, False
    at, end = 12, length + 8
    while at + 8 <= end:
        kind, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + min(size, 64)]
        if at + 8 + size > end:
            raise BrokenHeader("a part is cut off", cut=True)
        w = h = 0
        if kind == b"VP8X":
            animated = bool(body[0] & 0x02)
            w = 1 + int.from_bytes(body[4:7], "little")
            h = 1 + int.from_bytes(body[7:10], "little")
        elif kind == b"VP8 ":
            w, h = (side & 0x3FFF for side in struct.unpack_from("<HH", body, 6))
            pixels = True
        elif kind == b"VP8L":
            bits = int.from_bytes(body[1:5], "little")
            w, h = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
            pixels = True
        elif kind == b"EXIF":
            orientation = exif_orientation(data[at + 8 : at + 8 + size])
        width, height = max(width, w), max(height, h)
        at += 8 + size + (size & 1)
    if not pixels and not animated:
        raise BrokenHeader("there is no picture in it")
    return Header("WebP", width, height, orientation, animated)


def exif_orientation(tiff: bytes) -> int:
    """Orientation 1 to 8 from an Exif block (a TIFF head); 1 when there is none to be read."""
    tiff = tiff.removeprefix(b"Exif\x00\x00")
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for i in range(min(count, 512)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * i)
            if tag == _ORIENTATION and kind == 3 and 1 <= value <= 8:
                return int(value)
    except struct.error:
        # A cut or made-up block says nothing: the picture is shown as it lies.
        return 1
    return 1
