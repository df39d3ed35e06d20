import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.avatars.bundle import load
from engines.face.finder import NoFace
from export import fit_avatar
from export.gallery.fitting import fit_portrait
from tests.support.sample_avatar import sample, soft_mask
from tests.unit.export.gallery.studio_folder import RECIPE

PERSON = dataclasses.replace(RECIPE, attributes={"age": "about 30", "hair": "red"})


def test_a_portrait_is_fitted_with_its_own_matte_and_attributes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, avatars = tmp_path / "made", tmp_path / "avatars"
    made.mkdir()
    cv2.imwrite(str(made / "test.png"), sample().portrait)
    matte = soft_mask()
    matte[-20:] = 0.5
    cv2.imwrite(str(made / "test.matte.png"), np.round(matte * 255))
    monkeypatch.setattr(
        fit_avatar, "measure", lambda *_: (sample().landmarks, np.zeros_like(matte))
    )
    line = fit_portrait(PERSON, made, avatars)
    avatar = load(avatars / "test")
    assert (avatar.title, avatar.attributes) == ("Test", PERSON.attributes)
    assert "CC0" in avatar.credit and "MiB" in line
    assert np.abs(avatar.alpha[-10:].astype(int) - 128).max() <= 2, "an estimate would be 0 or 255"


def test_a_picture_without_a_face_leaves_no_avatar(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "test.png"), np.full((300, 300, 3), 120, np.uint8))
    with pytest.raises(NoFace):
        fit_portrait(PERSON, tmp_path, tmp_path / "avatars")
    assert not (tmp_path / "avatars" / "test").exists()
