import pytest

from export.gallery.recipes import RECIPES, Recipe
from export.gallery.sources import split_name
from export.gallery.studio import MODES


def used(recipe: Recipe) -> set[str]:
    parts = (*recipe.eyes, *recipe.nose, *recipe.mouth, *recipe.skin, recipe.hair, recipe.body)
    return {split_name(name)[0] for name in parts}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_a_person_is_mixed_from_several_and_stepped_away_from_their_mean(recipe: Recipe) -> None:
    assert RECIPES[recipe.name] is recipe
    assert len(used(recipe)) >= 3, "a portrait must not be one source's face"
    assert len(set(recipe.group)) >= 4
    assert len(recipe.step) == MODES and max(map(abs, recipe.step)) <= 1.5
    assert sum(d * d for d in recipe.step) > 4, "too near the mean of its group"
    assert all(name.startswith(recipe.sex + "_") for name in recipe.group)
    hair = split_name(recipe.hair)[0]
    face = (recipe.eyes[0], recipe.nose[0], recipe.mouth[0])
    assert hair not in {split_name(name)[0] for name in face}, "hair and face of one source"


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_the_face_fills_what_an_avatar_needs(recipe: Recipe) -> None:
    assert 228 <= recipe.face_px <= 250
    assert 0 <= recipe.symmetry <= 1 and 0 <= recipe.neck <= 1


def test_seeds_differ_so_that_faces_do() -> None:
    assert len({recipe.seed for recipe in RECIPES.values()}) == len(RECIPES)
