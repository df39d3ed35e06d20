"""Scenes check themselves and turn into wishes."""

from __future__ import annotations

import pytest

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Act, Feel, Manner
from engines.scene.values import MAX_DESCRIPTION, Scene, clean_text, wishes


def test_text_is_cleaned_and_bounded() -> None:
    dirty = " A\tman\x00\x1b[31m\u202e smiles\u200b.\ud800\n\nThen"
    assert clean_text(dirty, 100) == "A man[31m smiles. Then"
    assert clean_text("one two three", 9) == "one two"
    assert clean_text("x" * 50, 10) == "x" * 10
    assert len(clean_text("ab " * 100_000, 600)) <= 600
    assert clean_text("\x00" * 10_000, 10) == ""


def test_wishes_come_in_order_and_say_no_more_than_the_scene() -> None:
    sad = EmotionOverride(label="sadness", intensity=0.6)
    scene = Scene("A man.", {"smile": 0.2}, ("nod", "look_left"), sad)
    wanted = [Manner({"smile": 0.2}, 0.8), Feel(sad), Act("nod"), Act("look_left")]
    assert wishes(scene, 0.8) == wanted
    assert wishes(Scene("A man.")) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: Scene("two\nlines"),
        lambda: Scene("x" * (MAX_DESCRIPTION + 1)),
        lambda: Scene(dials={"tail": 0.5}),
        lambda: Scene(dials={"smile": 1.5}),
        lambda: Scene(dials={"smile": float("nan")}),
        lambda: Scene(actions=("fly",)),
        lambda: Scene(actions=("nod",) * 5),
    ],
)
def test_what_no_scene_can_hold_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match="scene"):
        make()


def test_a_scene_cannot_be_changed_through_the_dials_it_was_given() -> None:
    dials = {"smile": 0.9}
    scene = Scene(dials=dials)
    dials["smile"] = 5.0
    assert scene.dials["smile"] == 0.9
    with pytest.raises(TypeError):
        scene.dials["smile"] = 5.0  # type: ignore[index]
