"""Bytes from a stranger to an upright picture, or a sentence that says what to send instead.

Any thread; a photo of 12 megapixels takes some 0.1 s. Limits hold before anything is decoded.
Never guesses a kind from a file's name, never reads more than the bytes given.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engines.avatars.headers import BrokenHeader, Header, foreign, read_header
from engines.render.cv import cv2
from engines.values import U8

MAX_BYTES = 32 * 2**20
MAX_PIXELS = 40_000_000
MAX_DECODED_BYTES = 160_000_000
"""Most room for the pixels of one picture: 40 megapixels of 8 bits with alpha."""
STRIP_ROWS = 256
"""Deep and transparent pictures are turned into plain ones so many rows at a time."""
MIN_SIDE_PX = 96
"""A face is at least this wide, so a picture is too."""
NEUTRAL_GREY = 128
"""Stands behind transparent pictures."""
KINDS = "JPEG, PNG or WebP"
_TURNS: dict[int, int] = {
    3: cv2.ROTATE_180,
    6: cv2.ROTATE_90_CLOCKWISE,
    8: cv2.ROTATE_90_COUNTERCLOCKWISE,
    5: cv2.ROTATE_90_COUNTERCLOCKWISE,
    7: cv2.ROTATE_90_CLOCKWISE,
}
_MIRRORED = frozenset({2, 4, 5, 7})
"""5 is mirrored then turned left, 7 mirrored then turned right, 4 mirrored top to bottom."""


class BadImage(Exception):
    """A file that cannot become a picture: what is wrong, what came, what was wanted, the remedy.

    `code` is for programs: no_image, image_kind, image_too_large, image_too_small,
    image_truncated, image_damaged, image_unusual.
    """

    def __init__(self, code: str, *, what: str, got: str, wanted: str, remedy: str) -> None:
        super().__init__(f"{what}: got {got}, wanted {wanted}; {remedy}")
        self.code = code
        self.what = what
        self.got = got
        self.wanted = wanted
        self.remedy = remedy


def decode(data: bytes) -> U8:
    """u8[H,W,3] BGR, upright (Exif turned), transparency laid on grey. Raises BadImage."""
    header = check(data)
    try:
        picture = _read(data, header)
    # cv2.error is what OpenCV raises on the few faults that it does not answer with None.
    except (cv2.error, MemoryError) as error:
        raise _damaged(header.kind) from error
    if picture is None:
        raise _damaged(header.kind)
    return _upright(_plain(picture), header.orientation)


def check(data: bytes) -> Header:
    """Everything that can be told without decoding. Raises BadImage."""
    if not data:
        raise _no_image("an empty file")
    if len(data) > MAX_BYTES:
        raise BadImage(
            "image_too_large",
            what="the file is too large",
            got=f"{math.ceil(len(data) / 2**20)} MiB",
            wanted=f"at most {MAX_BYTES // 2**20} MiB",
            remedy="save a smaller copy; 2000 pixels on the longer side are plenty",
        )
    try:
        header = read_header(data)
    except BrokenHeader as error:
        if error.cut:
            raise BadImage(
                "image_truncated",
                what="the picture is not whole",
                got=f"a file cut off ({error})",
                wanted=f"a whole {KINDS}",
                remedy="copy or download it again",
            ) from error
        raise _damaged(str(error)) from error
    if header is None:
        raise _not_taken(foreign(data))
    _check_header(header)
    return header


def _check_header(header: Header) -> None:
    size = f"{header.width} x {header.height} pixels"
    if header.width * header.height > MAX_PIXELS:
        raise BadImage(
            "image_too_large",
            what="the picture is too large",
            got=f"{size} ({math.ceil(header.width * header.height / 1e6)} megapixels)",
            wanted=f"at most {MAX_PIXELS / 1e6:.0f} megapixels",
            remedy="save a smaller copy; 2000 pixels on the longer side are plenty",
        )
    room = header.width * header.height * header.pixel_bytes
    if room > MAX_DECODED_BYTES:
        raise BadImage(
            "image_too_large",
            what="the picture is too large",
            got=f"{size} of {header.pixel_bytes} bytes ({math.ceil(room / 1e6)} MB)",
            wanted=f"at most {MAX_DECODED_BYTES / 1e6:.0f} MB",
            remedy="save it with 8 bits a colour, or a smaller copy",
        )
    if min(header.width, header.height) < MIN_SIDE_PX:
        raise BadImage(
            "image_too_small",
            what="the picture is too small",
            got=size,
            wanted=f"at least {MIN_SIDE_PX} pixels on each side, better 512",
            remedy="take the original instead of a thumbnail",
        )
    if header.animated:
        raise BadImage(
            "image_unusual",
            what="the picture moves",
            got=f"an animated {header.kind}",
            wanted="one still picture",
            remedy="save one frame of it as JPEG or PNG",
        )
    if header.strange:
        raise BadImage(
            "image_unusual",
            what="the picture is coded in an uncommon way",
            got=f"a {header.kind} with {header.strange}",
            wanted="an ordinary RGB picture of 8 bits",
            remedy="open it in a picture program and save it as an RGB JPEG or PNG",
        )


def _not_taken(kind: str) -> BadImage:
    if not kind:
        return _no_image("something else")
    return BadImage(
        "image_kind",
        what="this kind of file is not taken",
        got=kind,
        wanted=KINDS,
        remedy=(
            "export it as JPEG (Mac: Preview, File, Export; Windows: Photos, Save as); an iPhone "
            "takes JPEG itself with Settings, Camera, Formats, Most Compatible"
            if kind == "HEIC"
            else "save the picture as JPEG or PNG"
        ),
    )


def _no_image(got: str) -> BadImage:
    return BadImage(
        "no_image",
        what="this is not a picture",
        got=got,
        wanted=KINDS,
        remedy="choose a photo of one person facing the camera",
    )


def _damaged(got: str) -> BadImage:
    return BadImage(
        "image_damaged",
        what="the picture cannot be read",
        got=f"a damaged file ({got})",
        wanted=f"a whole {KINDS}",
        remedy="open it in a picture program and save it again",
    )


def _read(data: bytes, header: Header) -> NDArray[np.generic] | None:
    # JPEG: to BGR in the decoder, which also turns CMYK. Others as they are, for depth and alpha.
    # The turn is ours: OpenCV leaves it out as soon as alpha is asked for.
    how = cv2.IMREAD_COLOR if header.kind == "JPEG" else cv2.IMREAD_UNCHANGED
    if header.kind == "JPEG":
        how |= cv2.IMREAD_IGNORE_ORIENTATION
    picture: NDArray[np.generic] | None = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    if picture is None or picture.shape[:2] != (header.height, header.width):
        return None
    return picture


def _plain(picture: NDArray[np.generic]) -> U8:
    """u8[H,W,3] of what came, grey, deep or transparent; a strip at a time, as it may be large."""
    if picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3:
        return picture.astype(np.uint8, copy=False)
    out = np.empty((*picture.shape[:2], 3), np.uint8)
    for row in range(0, len(out), STRIP_ROWS):
        rows = slice(row, row + STRIP_ROWS)
        out[rows] = _flat(_eight_bits(picture[rows]))
    return out


def _eight_bits(picture: NDArray[np.generic]) -> U8:
    if picture.dtype == np.uint16:
        scaled: U8 = (picture >> 8).astype(np.uint8)  # type: ignore[operator]
        return scaled
    return picture.astype(np.uint8, copy=False)


def _flat(picture: U8) -> U8:
    """Three channels, nothing transparent."""
    out: U8
    if picture.ndim == 2:
        out = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    elif picture.shape[2] == 4:
        share = cv2.cvtColor(picture[..., 3], cv2.COLOR_GRAY2BGR).astype(np.uint16)
        mixed = picture[..., :3] * share + np.uint16(NEUTRAL_GREY) * (255 - share)
        out = ((mixed + 127) // 255).astype(np.uint8)
    else:
        out = picture
    return out


def _upright(picture: U8, orientation: int) -> U8:
    if orientation in _MIRRORED:
        picture = cv2.flip(picture, 0 if orientation == 4 else 1)
    if orientation in _TURNS:
        picture = cv2.rotate(picture, _TURNS[orientation])
    return np.ascontiguousarray(picture)
