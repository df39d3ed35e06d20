import pytest

from engines.avatars.bundle import check_attributes, info, load
from engines.avatars.store import BUILTIN
from export.gallery.away import LIMIT
from export.gallery.people import RECIPES
from export.gallery.recipes import Hair, Recipe
from export.gallery.sources import split_name
from export.gallery.studio import MODES

PEOPLE = pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)


def used(recipe: Recipe) -> set[str]:
    parts = (*recipe.eyes, *recipe.nose, *recipe.mouth, *recipe.skin, recipe.hair, recipe.body)
    return {split_name(name)[0] for name in parts}


@PEOPLE
def test_a_person_is_mixed_from_several_and_stepped_away_from_their_mean(recipe: Recipe) -> None:
    assert RECIPES[recipe.name] is recipe
    assert len(used(recipe)) >= 3, "a portrait must not be one source's face"
    assert len(set(recipe.group)) >= 4
    assert len(recipe.step) == MODES and max(map(abs, recipe.step)) <= LIMIT
    assert sum(d * d for d in recipe.step) > 4, "too near the mean of its group"
    assert all(name.startswith(recipe.sex + "_") for name in recipe.group)
    hair = split_name(recipe.hair)[0]
    face = (recipe.eyes[0], recipe.nose[0], recipe.mouth[0])
    assert hair not in {split_name(name)[0] for name in face}, "hair and face of one source"


@PEOPLE
def test_hair_and_clothes_are_made_anew(recipe: Recipe) -> None:
    assert recipe.style.strands == 1 and recipe.style.volume != Hair().volume
    assert recipe.style.wander > 0
    assert recipe.top is not None or recipe.cloth is not None
    assert recipe.hair.endswith("~") or recipe.hair != recipe.body


@PEOPLE
def test_the_face_fills_what_an_avatar_needs(recipe: Recipe) -> None:
    assert 225 <= recipe.face_px <= 250
    assert 0 <= recipe.symmetry <= 1 and 0 <= recipe.neck <= 1


@PEOPLE
def test_scene_text_finds_what_it_needs(recipe: Recipe) -> None:
    check_attributes(recipe.attributes)
    assert list(recipe.attributes) == ["age", "sex", "skin", "hair", "clothes", "setting"]
    assert info(BUILTIN / recipe.name).attributes == recipe.attributes, "fit it again"


def test_seeds_differ_so_that_faces_do() -> None:
    assert len({recipe.seed for recipe in RECIPES.values()}) == len(RECIPES)


def test_at_least_six_are_built_in_whole_and_small() -> None:
    assert len(RECIPES) >= 6
    assert sorted(p.name for p in BUILTIN.iterdir()) == sorted(RECIPES)
    for name in RECIPES:
        assert load(BUILTIN / name).size == 512
    assert sum(p.stat().st_size for p in BUILTIN.rglob("*")) <= 8e6
