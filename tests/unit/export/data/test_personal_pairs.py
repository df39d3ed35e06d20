"""A film of the avatar's person becomes pairs; what is judged on is apart in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from engines.render.boxes import KINDS
from export.data import personal_pairs
from export.data.personal_pairs import (
    KEPT,
    KIND,
    clips,
    kept,
    make,
    parts,
    pieces,
    window_on,
)
from export.data.personal_track import LOST, OK, Track
from export.data.personal_video import BadVideo, Shot
from tests.support.films import speaking
from tests.support.sample_avatar import sample
from tests.support.tiny_renderer import tiny_nets


def track_of(state: list[int]) -> Track:
    count = len(state)
    points = np.stack([speaking()[1][k % 12] for k in range(count)])
    return Track(
        points, np.array(state, np.uint8), np.ones(count, bool), np.ones(count, np.float32)
    )


def film(count: int) -> Iterator[Shot]:
    return (Shot(speaking()[0][k % 12], True) for k in range(count))


def test_the_last_part_is_kept_out_and_a_second_before_it_is_nobodys() -> None:
    found = track_of([OK] * 100)
    seen, held = parts(found)
    trained, judged = np.concatenate(seen), np.concatenate(held)
    assert trained.max() == 24 and judged.min() == 50 and judged.max() == 99


def test_of_a_long_film_a_minute_is_kept_out() -> None:
    count = 25 * 150
    flat = np.zeros((count, 0, 3), np.float32)
    long = Track(
        flat, np.full(count, OK, np.uint8), np.ones(count, bool), np.ones(count, np.float32)
    )
    seen, held = parts(long)
    assert sum(map(len, held)) == 1500 and np.concatenate(seen).max() == 25 * 90 - 26


def test_pieces_hold_no_hole_and_nothing_stale() -> None:
    state = [OK] * 30 + [LOST] * 6 + [OK] * 100 + [LOST] * 6 + [OK] * 5
    found = track_of(state)
    found.fresh[50] = False
    runs = pieces(found, 0, len(state))
    assert [len(run) for run in runs] == [30, 75, 24]
    assert 50 not in np.concatenate(runs)
    assert all((np.diff(run) <= 3).all() for run in runs)
    assert [run[0] for run in pieces(found, 40, 100)] == [40]


def test_the_window_lays_the_films_face_where_the_avatars_is() -> None:
    points = np.stack(speaking()[1])
    moved = points * 0.7 + np.array([90, -30, 0], np.float32)
    at = window_on(sample(), moved)
    there = np.median(at.move(moved), axis=0)
    still = [33, 133, 362, 263, 168, 6]
    away = np.abs(there[still, :2] - sample().landmarks[still, :2])
    assert away.max() < 6 and at.size == sample().size


def test_a_piece_has_its_own_pictures_and_sound() -> None:
    found = track_of([OK] * 40)
    sound = np.arange(40, dtype=np.float32)[:, None] * np.ones(80, np.float32)
    runs = [np.array([1, 2, 3]), np.array([10, 13])]
    first, second = clips(film(40), found, runs, sound)
    assert len(first.frames) == 3 and first.kind == KIND
    np.testing.assert_array_equal(second.frames[1], speaking()[0][1])
    np.testing.assert_array_equal(second.points[0], found.points[10])
    assert second.sound is not None and second.sound[:, 0].tolist() == [10, 13]
    assert next(clips(film(40), found, runs, None)).sound is None


def test_the_film_is_read_to_its_end() -> None:
    read: list[int] = []

    def watched() -> Iterator[Shot]:
        for k, shot in enumerate(film(40)):
            read.append(k)
            yield shot

    assert len(list(clips(watched(), track_of([OK] * 40), [np.array([1, 2])], None))) == 1
    assert len(read) == 40


def test_a_film_becomes_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personal_pairs, "LEAST_PAIRS", 3)
    monkeypatch.setattr(personal_pairs, "PER_PIECE", 25)
    told: list[int] = []
    count = 80
    made = make(sample(), film(count), track_of([OK] * count), None, 1, lambda: told.append(1))
    assert len(told) == 2 and made.matched > 0.8
    for pairs in (*made.seen.values(), *made.held.values()):
        assert set(pairs.kind) == {KIND} and set(pairs.identity) == {KIND}
        assert not pairs.condition[:, -3].any()  # Nothing was heard.
    # The avatar is its own film's reference: the motion frame is nearly the truth.
    held = made.held["mouth"]
    assert np.abs(held.picture.astype(int) - held.truth).mean() < 6


def test_another_face_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PER_PIECE", "OTHERS_PER_PIECE", "HELD_PER_PIECE"):
        monkeypatch.setattr(personal_pairs, name, 6)
    found = track_of([OK] * 80)
    noise = np.random.default_rng(0).integers(0, 255, (512, 512, 3), np.uint8)
    strange = (Shot(noise, True) for _ in range(80))
    with pytest.raises(BadVideo, match="look like the avatar's"):
        make(sample(), strange, found, None, 1, lambda: None)


def test_too_little_of_a_film(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PER_PIECE", "OTHERS_PER_PIECE", "HELD_PER_PIECE"):
        monkeypatch.setattr(personal_pairs, name, 6)
    with pytest.raises(BadVideo, match="too little of the video"):
        make(sample(), film(40), track_of([LOST] * 30 + [OK] * 10), None, 1, lambda: None)
    with pytest.raises(BadVideo, match="60 are needed"):
        make(sample(), film(80), track_of([OK] * 80), None, 1, lambda: None)


def test_what_is_to_stay_is_what_everybodys_nets_draw() -> None:
    nets = tiny_nets(0.2)
    stays = kept(sample(), nets, 2, 1, lambda: None)
    plain = kept(sample(), tiny_nets(0.0), 2, 1, lambda: None)
    assert len(stays["mouth"]) == 2 and len(stays["eye"]) == 4
    for name in KINDS:
        assert set(stays[name].kind) == {KEPT} and not stays[name].has_previous.any()
        np.testing.assert_array_equal(plain[name].truth, plain[name].picture)
        assert np.abs(stays[name].truth.astype(int) - stays[name].picture).mean() > 1


def test_a_large_avatar_has_a_large_window() -> None:
    large = replace(
        sample(), landmarks=sample().landmarks * 2, portrait=np.zeros((1024, 1024, 3), np.uint8)
    )
    at = window_on(large, np.stack(speaking()[1]))
    assert at.cut(speaking()[0][0]).shape == (1024, 1024, 3)
