"""From the net's map to faces in the picture."""

from __future__ import annotations

import numpy as np

from engines.face.detector import SIDE_PX, STRIDE, Found, Run, apart, decode, detect, unflip
from engines.values import F32, U8

CELLS = SIDE_PX // STRIDE


def answer(*faces: tuple[F32, float]) -> F32:
    """A map that says: these three points, with this score."""
    out = np.zeros((7, CELLS, CELLS), np.float32)
    out[0] = -9
    for points, score in faces:
        middle = ((points[0] + points[1]) / 2 + points[2]) / 2
        column, row = (int((v + 0.5) / STRIDE) for v in middle)
        for r in range(max(0, row - 1), min(CELLS, row + 2)):
            for c in range(max(0, column - 1), min(CELLS, column + 2)):
                at = np.array([(c + 0.5) * STRIDE - 0.5, (r + 0.5) * STRIDE - 0.5])
                out[1:, r, c] = ((points - at) / 32).reshape(6)
                out[0, r, c] = -2
        out[0, row, column] = np.log(score / (1 - score))
    return out


def face(x: float, y: float, unit: float) -> F32:
    half = unit / 2
    rows = [(x - half, y - half), (x + half, y - half), (x, y + half)]
    return np.array(rows, np.float32)


def both_ways(known: F32) -> Run:
    """A net that gives `known`, then what its mirror would give."""
    turn = [known, unflip(known[None])[0]]

    def run(crops: U8) -> F32:
        turn.reverse()
        out: F32 = turn[1][None].repeat(len(crops), 0)
        return out

    return run


def test_a_peak_gives_its_points() -> None:
    truth = face(100, 120, 40)
    found = decode(answer((truth, 0.9)), 0.5)
    assert len(found) == 1
    assert np.isclose(found[0].score, 0.9, atol=1e-4)
    assert np.allclose(found[0].points, truth, atol=1e-3)
    assert not decode(answer((truth, 0.4)), 0.5)


def test_two_peaks_on_one_face_count_once_and_the_better_stays() -> None:
    twice = [Found(0.6, face(100, 100, 40)), Found(0.8, face(110, 104, 40))]
    assert [f.score for f in apart(twice)] == [0.8]
    assert len(apart([twice[0], Found(0.7, face(200, 100, 40))])) == 2


def test_points_come_back_in_picture_pixels() -> None:
    image = np.zeros((500, 1000, 3), np.uint8)
    truth = face(128, 128, 40)
    found = detect(image, both_ways(answer((truth, 0.9))), 0.5)
    middle = np.asarray(found[0].frame.centre)
    assert np.allclose(middle, (500, 250), atol=3)
    assert np.isclose(found[0].frame.unit, 40 * 1000 / 256, rtol=1e-3)


def test_a_large_picture_gets_a_second_look_in_parts() -> None:
    seen: list[int] = []

    def run(crops: U8) -> F32:
        seen.append(len(crops))
        maps: F32 = np.stack([answer() for _ in crops])
        if len(crops) > 2:
            maps[4] = answer((face(127.5, 128, 30), 0.9))
        return maps

    found = detect(np.zeros((1000, 1000, 3), np.uint8), run, 0.5)
    assert seen == [1, 1, 6, 6]
    assert np.allclose(found[0].frame.centre, (710, 710), atol=4)
    assert detect(np.zeros((200, 200, 3), np.uint8), run, 0.5) == []


def test_the_mirrors_map_turned_back_is_the_pictures() -> None:
    plain = answer((face(90, 120, 40), 0.9))
    mirrored = answer((face(SIDE_PX - 1 - 90, 120, 40), 0.9))
    back = decode(unflip(mirrored[None])[0], 0.5)[0]
    assert np.allclose(back.points, decode(plain, 0.5)[0].points, atol=0.1)
