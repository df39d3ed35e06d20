"""Picture files of every sort, made in memory, for tests of what is taken and what is not."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from engines.render.cv import cv2
from engines.values import U8

CMYK_JPEG = zlib.decompress(
    base64.b85decode(
        "c-s4a<NrGbKF5^&q*R6!1`zmvo57hufSZSphf9EumrqDgKv+UUN<vIb!cbXNR>R8J*2dD<!rZ|l#?Qee+|}G7AU7"
        "~PJ}EsT-OjhLvLK}*CN(|z{{aRO4h9Ye0TyRL246vjNI?c~L5BZF7(^Ku85vLk8&Ft809};f|1AbS7H0-uhDZi)1"
        "_pbE-GOS;4)FiK2>=-(C7S"
    )
)
"""16 x 8 pixels of CMYK (10, 60, 200, 20): blue 51, green 182, red 228 or near."""


def scene(height: int = 120, width: int = 160) -> U8:
    """u8[H,W,3]: each quarter its own colour, so that a turn shows."""
    out = np.zeros((height, width, 3), np.uint8)
    out[: height // 2, : width // 2] = (200, 40, 40)
    out[: height // 2, width // 2 :] = (40, 200, 40)
    out[height // 2 :, : width // 2] = (40, 40, 200)
    out[height // 2 :, width // 2 :] = (220, 220, 220)
    return out


def encode(picture: object, kind: str = ".png", *options: int) -> bytes:
    done, data = cv2.imencode(kind, picture, list(options))
    assert done
    out: bytes = data.tobytes()
    return out


def tiff(orientation: int, order: str = "<") -> bytes:
    head = b"II*\x00" if order == "<" else b"MM\x00*"
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    return head + struct.pack(f"{order}IH", 8, 1) + entry + bytes(4)


def turned(data: bytes, orientation: int, order: str = "<") -> bytes:
    """The same file with an Exif orientation."""
    block = tiff(orientation, order)
    if data.startswith(b"\xff\xd8"):
        body = b"Exif\x00\x00" + block
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    if data.startswith(b"\x89PNG"):
        return data[:33] + chunk(b"eXIf", block) + data[33:]
    assert data[12:16] == b"VP8L"
    bits = int.from_bytes(data[21:25], "little")
    width, height = (
        (bits & 0x3FFF).to_bytes(3, "little"),
        (bits >> 14 & 0x3FFF).to_bytes(3, "little"),
    )
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + width + height
    exif = b"EXIF" + struct.pack("<I", len(block)) + block + b"\0" * (len(block) & 1)
    body = b"WEBP" + extended + data[12:] + exif
    return b"RIFF" + struct.pack("<I", len(body)) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def jpeg_bomb(width: int, height: int) -> bytes:
    """A small JPEG that says it is large."""
    data = encode(scene(), ".jpg")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def webp_bomb(width: int, height: int) -> bytes:
    """A small WebP without loss that says it is large."""
    data = encode(scene(), ".webp", 64, 101)
    assert data[12:16] == b"VP8L"
    bits = (width - 1) | (height - 1) << 14 | int.from_bytes(data[21:25], "little") & 0xF0000000
    return data[:21] + bits.to_bytes(4, "little") + data[25:]


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
