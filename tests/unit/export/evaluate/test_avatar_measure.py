from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engines.avatars.store import default_store
from engines.values import F32, U8
from export.evaluate import avatar_measure
from export.evaluate.avatar_measure import Measured, draw, judge, wall_off
from export.evaluate.avatar_motions import GRADED, LEVELS, judged
from export.evaluate.avatar_people import Person


@pytest.fixture(scope="module")
def person() -> Person:
    avatar = default_store().load(default_store().names()[0])
    return Person("one", avatar, avatar.portrait, 1.5, "", 1000)


@pytest.fixture(scope="module")
def drawn(person: Person) -> Measured:
    return draw(person, judged())


def test_pictures_flaws_times_and_memory_come_from_drawing(drawn: Measured) -> None:
    assert drawn.pictures.shape == (13, 512, 512, 3)
    assert len(drawn.flaws) == len(drawn.crossed) == 13
    assert set(drawn.flaws[0].as_dict().values()) == {0}, "rest is the portrait"
    assert len(drawn.frame_ms) == avatar_measure.TIMED_FRAMES and min(drawn.frame_ms) > 0
    assert drawn.renderer_bytes > 2**20
    assert drawn.onboarding_s == 1.5 and drawn.bundle_bytes == 1000


def test_a_refused_portrait_cannot_be_drawn(person: Person) -> None:
    refused = Person("no", None, person.photo, 0.1, "NoFace: look up")
    with pytest.raises(ValueError, match="look up"):
        draw(refused, judged())


def test_judges_see_each_avatars_own_pictures(
    person: Person, drawn: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tracked(pictures: U8, python: Path) -> SimpleNamespace:
        meshes = np.zeros((len(pictures), 478, 3), np.float32)
        meshes[:, :468] = drawn.wanted[0]
        faces = np.ones(len(pictures), np.int32)
        if len(pictures) == 26:
            faces[3] = 0
        return SimpleNamespace(landmarks=meshes, faces=faces)

    def vectors(pictures: U8, meshes: F32, python: Path) -> F32:
        out = np.zeros((len(pictures), 128), np.float32)
        out[:, 0] = pictures.reshape(len(pictures), -1).mean(1)
        return out

    monkeypatch.setattr(avatar_measure, "track", tracked)
    monkeypatch.setattr(avatar_measure, "identity_vectors", vectors)
    other = Measured(
        "two", drawn.motions, drawn.pictures // 2, drawn.wanted, drawn.flaws, drawn.crossed,
        drawn.frame_ms, 0.0, 0, 0,
    )  # fmt: skip
    judge([person, person], [drawn, other], Path("python"))
    assert drawn.mesh_error[0] == 0.0 and drawn.mesh_error[1] > 0.005
    assert np.isnan(drawn.identity[3]) and np.isnan(drawn.mesh_error[3])
    assert drawn.identity[0] < 1.0 < other.identity[0], "half the light, another vector"
    assert set(drawn.read) == set(GRADED)
    assert [len(row) for row in drawn.read["blink"].values()] == [len(LEVELS)] * 2


def test_a_wall_made_anew_is_seen(person: Person, drawn: Measured) -> None:
    avatar = person.avatar
    assert avatar is not None
    assert drawn.wall_off <= 2
    rest = avatar.portrait.copy()
    assert wall_off(avatar, rest) == 0
    rest[avatar.alpha == 0] = 255 - rest[avatar.alpha == 0]
    assert wall_off(avatar, rest) > 20
    changed = avatar.portrait.copy()
    changed[avatar.alpha == 255] = 0  # the person is another matter
    assert wall_off(avatar, changed) == 0
