"""Names for points of the 468-point face mesh (478 with irises), in rows that move together.

Constants; any thread.
Never computed from a picture.

Left and right in the names are sides of the picture. Rows run from picture left to right.
Point numbers are those of the MediaPipe face mesh (Apache-2.0).
"""

from __future__ import annotations

from dataclasses import dataclass

MESH_POINTS = 468
ALL_POINTS = 478
FACE_LEFT, FACE_RIGHT, FACE_TOP, CHIN = 234, 454, 10, 152
MOUTH_LEFT, MOUTH_RIGHT = 61, 291
INNER_LEFT, INNER_RIGHT = 78, 308

UPPER_INNER = (191, 80, 81, 82, 13, 312, 311, 310, 415)
LOWER_INNER = (95, 88, 178, 87, 14, 317, 402, 318, 324)
UPPER_ROWS = (
    UPPER_INNER,
    (183, 42, 41, 38, 12, 268, 271, 272, 407),
    (184, 74, 73, 72, 11, 302, 303, 304, 408),
    (185, 40, 39, 37, 0, 267, 269, 270, 409),
)
LOWER_ROWS = (
    LOWER_INNER,
    (96, 89, 179, 86, 15, 316, 403, 319, 325),
    (77, 90, 180, 85, 16, 315, 404, 320, 307),
    (146, 91, 181, 84, 17, 314, 405, 321, 375),
)
INNER_LOOP = (INNER_LEFT, *UPPER_INNER, INNER_RIGHT, *LOWER_INNER[::-1])
OUTER_LOOP = (MOUTH_LEFT, *UPPER_ROWS[3], MOUTH_RIGHT, *LOWER_ROWS[3][::-1])


@dataclass(frozen=True, slots=True)
class Eye:
    """Point rows of one eye, each from the outer to the inner corner or along with it."""

    upper: tuple[int, ...]
    lower: tuple[int, ...]
    corners: tuple[int, int]
    crease: tuple[int, ...]
    above: tuple[int, ...]
    iris: tuple[int, ...]
    """Centre first, then four rim points."""
    person_side: str
    """The person's own side: "Left" or "Right", as in ARKit names."""


EYES: tuple[Eye, Eye] = (
    Eye(
        upper=(246, 161, 160, 159, 158, 157, 173),
        lower=(7, 163, 144, 145, 153, 154, 155),
        corners=(33, 133),
        crease=(247, 30, 29, 27, 28, 56, 190),
        above=(113, 225, 224, 223, 222, 221, 189),
        iris=(468, 469, 470, 471, 472),
        person_side="Right",
    ),
    Eye(
        upper=(466, 388, 387, 386, 385, 384, 398),
        lower=(249, 390, 373, 374, 380, 381, 382),
        corners=(263, 362),
        crease=(467, 260, 259, 257, 258, 286, 414),
        above=(342, 445, 444, 443, 442, 441, 413),
        iris=(473, 474, 475, 476, 477),
        person_side="Left",
    ),
)


def strip(first: tuple[int, ...], second: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Triangles between two rows of the same length: closes a hole of the mesh."""
    out: list[tuple[int, int, int]] = []
    for a, b, c, d in zip(first, first[1:], second, second[1:], strict=False):
        out += [(a, b, c), (b, d, c)]
    return out


def mouth_cap() -> list[tuple[int, int, int]]:
    """20 triangles across the mouth opening."""
    upper = (INNER_LEFT, *UPPER_INNER, INNER_RIGHT)
    lower = (INNER_LEFT, *LOWER_INNER, INNER_RIGHT)
    return strip(upper, lower)


def under_lips() -> list[tuple[int, int, int]]:
    """16 triangles from lip to lip behind the line where they meet: no crack may open there."""
    return strip(UPPER_ROWS[1], LOWER_ROWS[1])


def eye_cap(eye: Eye) -> list[tuple[int, int, int]]:
    """16 triangles across one eye."""
    a, b = eye.corners
    return strip((a, *eye.upper, b), (a, *eye.lower, b))
