"""Actions told in text are found; denials, habits and look-alikes are not."""

from __future__ import annotations

import time

import pytest

from engines.motion.actions import ACTIONS
from engines.scene.cues import Cue, action_of, actions_in, find_cues


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("nods", ["nod"]),
        ("She nodded twice, then laughed.", ["nod", "laugh"]),
        ("He shakes his head slowly.", ["shake"]),
        ("shook her pretty little head", []),
        ("Shaking my head", ["shake"]),
        ("She tilts her head to one side", ["tilt"]),
        ("looks left", ["look_left"]),
        ("glances quickly to the right", ["look_right"]),
        ("Turns her head to the left.", ["look_left"]),
        ("looks away", ["look_left"]),
        ("He averted his eyes", ["look_left"]),
        ("looking up at the ceiling", ["look_up"]),
        ("rolls her eyes", ["look_up"]),
        ("she lowered her gaze", ["look_down"]),
        ("looks down at his shoes", ["look_down"]),
        ("raises brows", ["raise_brows"]),
        ("RAISED AN EYEBROW", ["raise_brows"]),
        ("her eyebrows shot up", ["raise_brows"]),
        ("Smiling, she winks and shrugs", ["smile", "wink", "shrug"]),
        ("bursts out laughing", ["laugh"]),
        ("giggles", ["laugh"]),
        ("don\N{RIGHT SINGLE QUOTATION MARK}t nod", []),
        ("He does not smile, he laughs", ["laugh"]),
        ("never laughs", []),
        ("without smiling", []),
        ("stop nodding", []),
        ("often nods", []),
        ("She nods a lot while listening", []),
        ("someone who laughs easily", []),
        ("looks right at you", []),
        ("looks up to her father", []),
        ("look up the word", []),
        ("looks down on people", []),
        ("shakes hands with the node", []),
        ("The winking lights were shrugged-off", ["wink", "shrug"]),
        ("She has left; he is right.", []),
        ("", []),
    ],
)
def test_actions_of_a_text(text: str, wanted: list[str]) -> None:
    assert [cue.name for cue in find_cues(text)] == wanted


def test_positions_are_those_of_the_text_given() -> None:
    text = "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}\N{LATIN CAPITAL LETTER I WITH DOT ABOVE} Nods"
    assert find_cues(text) == [Cue("nod", 3)]


def test_every_action_can_be_told_by_name_and_by_words() -> None:
    for name in ACTIONS:
        assert action_of(name) == name
        assert action_of(name.replace("_", " ")) in (name, None if name == "shake" else name)
    assert action_of("shakes her head") == "shake"
    assert action_of("often smiles") == "smile"
    assert action_of("fly") is None


def test_actions_are_few_and_long_text_is_quick() -> None:
    assert actions_in("nods " * 100) == ("nod",) * 4
    started_s = time.process_time()
    for evil in ("look to the " * 20_000, "raise the the the the " * 9_000, "(" * 100_000):
        actions_in(evil)
    assert time.process_time() - started_s < 10
