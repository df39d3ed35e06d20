from dataclasses import replace

import numpy as np
import pytest

from engines.avatars.store import default_store
from export.evaluate.avatar_maps import Painted, marked, position, ramp
from export.evaluate.avatar_motions import motion


def test_a_ramp_is_read_back_under_any_light() -> None:
    texture = ramp(512, 0, 100.0, 400.0)
    for light in (1.0, 0.6):
        seen = position((texture * light).astype(np.uint8), 100.0, 400.0)
        columns = np.arange(512)
        inside = (columns > 110) & (columns < 390)
        away = np.abs(seen - columns)[:, inside]
        assert np.isfinite(away).all() and away.max() < 3.0
        assert np.isnan(seen[:, :90]).all() and np.isnan(seen[:, 410:]).all()


def test_what_is_no_ramp_is_not_read() -> None:
    dark = np.full((8, 8, 3), 20, np.uint8)
    assert np.isnan(position(dark, 0.0, 1.0)).all()


@pytest.fixture(scope="module")
def painted() -> Painted:
    return Painted(default_store().load(default_store().names()[0]))


def test_at_rest_every_pixel_of_the_face_comes_from_itself(painted: Painted) -> None:
    seen = painted.look(motion({}))
    own = np.dstack(np.meshgrid(np.arange(512), np.arange(512)))
    there = np.isfinite(seen.source).all(2) & (seen.behind < 0.05) & (seen.painted < 0.05)
    assert there.sum() > 20_000
    away = np.linalg.norm(seen.source - own, axis=2)[there]
    assert np.percentile(away, 99) < 4.0


def test_background_and_painted_skin_are_told_from_the_person() -> None:
    avatar = default_store().load(default_store().names()[0])
    dyed = replace(avatar, skin=np.full_like(avatar.skin, 7))
    made = marked(dyed)
    assert (made.skin[..., 1] == 255).mean() > 0.9
    assert (made.background == (255, 0, 0)).all()
    sure = avatar.alpha == 255
    assert (made.portrait[sure] == (0, 0, 255)).all()
