import dataclasses

import pytest

from export.gallery.recipes import Cloth, Hair
from tests.unit.export.gallery.studio_folder import RECIPE


def test_by_default_hair_keeps_its_size_and_nothing_is_drawn_over_the_clothes() -> None:
    assert RECIPE.style == Hair() and Hair().volume == (1.0, 1.0)
    assert RECIPE.top is None and RECIPE.cloth is None and RECIPE.attributes == {}


def test_recipes_cannot_be_changed_by_those_who_read_them() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RECIPE.name = "other"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        Cloth().lift = 3.0  # type: ignore[misc]
