"""What a photo tells of the nets: a share of what they draw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engines.render import paste
from engines.render.boxes import Kind
from engines.render.nets import RendererNets
from engines.render.paste import choose, share
from engines.render.warp import WarpRenderer
from engines.values import F32, MOTION_SIZE, U8
from tests.support.sample_avatar import sample
from tests.support.tiny_renderer import tiny_nets


def drawn(part: float, noise: float = 0.0) -> list[tuple[F32, F32]]:
    rng = np.random.default_rng(0)
    wanted = rng.normal(0, 3, (2, 48, 64, 3)).astype(np.float32)
    other = noise * rng.normal(0, 3, wanted.shape).astype(np.float32)
    return [(part * wanted + other, wanted)]


def test_what_comes_nearer_is_shown_whole() -> None:
    assert share(drawn(1.0)) == share(drawn(0.6)) == share(drawn(1.7)) == 1.0


def test_what_hardly_touches_the_face_says_nothing() -> None:
    assert share(drawn(0.0)) == share(drawn(-0.01)) == share(drawn(0.0, 0.1)) == 1.0


def test_what_goes_too_far_is_weakened_to_the_best() -> None:
    assert share(drawn(3.0)) == pytest.approx(1 / 3, abs=0.01)


def test_what_goes_astray_is_not_shown() -> None:
    assert share(drawn(-0.5)) == share(drawn(0.1, 1.0)) == 0.0


def test_where_nothing_was_tried_all_is_shown() -> None:
    assert share([]) == 1.0


def test_nets_that_paint_anything_are_not_shown() -> None:
    avatar = sample()
    chosen = choose(avatar, tiny_nets(), avatar.portrait, avatar.landmarks)
    assert chosen == {"mouth": 0.0, "eye": 0.0}


def test_nets_that_draw_nothing_do_no_harm() -> None:
    avatar = sample()
    chosen = choose(avatar, tiny_nets(gain=0.0), avatar.portrait, avatar.landmarks)
    assert chosen == {"mouth": 1.0, "eye": 1.0}


def test_the_photo_comes_back_from_where_it_was_moved() -> None:
    avatar = sample()
    renderer = WarpRenderer(avatar, avatar.size)
    rest = renderer.mesh(np.zeros(MOTION_SIZE, np.float32))
    trials = list(paste._trials(avatar, renderer, avatar.portrait, avatar.landmarks))
    assert len(trials) == 2 and all(trial.mouth and trial.eyes for trial in trials)
    for trial in trials:
        near = np.abs(trial.picture.astype(int) - avatar.portrait)[150:380, 150:360]
        assert 0.2 < near.mean() < 5
        np.testing.assert_array_equal(trial.placed, rest.placed)


def test_a_mouth_that_was_open_is_opened_again_against_the_photo() -> None:
    avatar = sample()
    points = avatar.landmarks.copy()
    points[[87, 14, 317, 178, 402], 1] += 12
    renderer = WarpRenderer(avatar, avatar.size)
    *cycles, restore = paste._trials(avatar, renderer, avatar.portrait, points)
    assert [trial.mouth for trial in cycles] == [False, False]
    assert restore.mouth and not restore.eyes
    assert restore.placed[14, 1] - restore.placed[13, 1] > 8
    change = np.abs(restore.picture.astype(int) - avatar.portrait).max(2)
    assert change[300:350, 230:290].max() > 40


def test_a_net_that_gives_back_what_was_lost_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """An oracle in the nets' place: truth less picture, once as it is and once turned round."""
    avatar = sample()

    def tried(sign: float) -> dict[str, float]:
        def oracle(
            nets: RendererNets, kind: Kind, reference: F32, trial: paste.Trial, placed: object
        ) -> tuple[F32, F32]:
            wanted = trial.truth.astype(np.float32) - trial.picture
            return sign * wanted, wanted

        monkeypatch.setattr(paste, "_draw", oracle)
        return choose(avatar, tiny_nets(), avatar.portrait, avatar.landmarks)

    assert tried(1.0) == {"mouth": 1.0, "eye": 1.0}
    assert tried(-1.0) == {"mouth": 0.0, "eye": 0.0}


def test_large_avatars_are_tried_in_their_own_pixels() -> None:
    one = sample()

    def twice(picture: U8) -> U8:
        return picture.repeat(2, 0).repeat(2, 1)

    large = replace(
        one,
        portrait=twice(one.portrait),
        background=twice(one.background),
        alpha=twice(one.alpha),
        skin=twice(one.skin),
        cover=twice(one.cover),
        eyes=twice(one.eyes),
        landmarks=2 * one.landmarks,
        deltas=2 * one.deltas,
        rig_scale=2 * one.rig_scale,
    )
    assert choose(large, tiny_nets(gain=0.0), large.portrait, large.landmarks)["mouth"] == 1.0


def test_a_film_counts_as_much_as_the_photo_however_long_it_is() -> None:
    nearer, astray = drawn(0.9), drawn(-0.3)
    assert share(astray) == 0.0 and share([], nearer) == 1.0
    assert share(astray, nearer) == share(astray, nearer * 50) == 1.0
    # Errors are levels: a film of next to none does not speak for levels of a photo.
    assert share(astray, [(a * 0.1, b * 0.1) for a, b in nearer * 50]) == 0.0
    assert share(drawn(-0.5), drawn(-0.5) * 3) == 0.0


def test_what_was_filmed_speaks_for_nets_that_the_photo_speaks_against() -> None:
    avatar = sample()
    added = np.full((1, 96, 128, 3), 60, np.float32)
    alone = choose(avatar, tiny_nets(), avatar.portrait, avatar.landmarks)
    filmed = choose(
        avatar, tiny_nets(), avatar.portrait, avatar.landmarks, {"mouth": [(added, added)]}
    )
    assert alone == {"mouth": 0.0, "eye": 0.0} and filmed == {"mouth": 1.0, "eye": 0.0}
