"""Key words move the dials the way they mean, denials the other way."""

from __future__ import annotations

import pytest

from engines.motion.style import STYLE_INDEX
from engines.scene.lexicon import Lexicon, parse_effects


@pytest.mark.parametrize(
    ("text", "dial", "sign"),
    [
        ("a cheerful host", "smile", 1),
        ("never smiles", "smile", -1),
        ("She doesn't smile.", "smile", -1),
        ("Cheerfully nods", "nod", 1),
        ("shy", "gaze", -1),
        ("slowly, calmly", "tempo", -1),
        ("blinks constantly", "blink", 1),
        ("with lively eyebrows", "brows", 1),
        ("hardly gestures", "energy", -1),
    ],
)
def test_a_word_moves_its_dial(text: str, dial: str, sign: int) -> None:
    assert sign * (Lexicon().read(text).dials[dial] - 0.5) > 0.1


def test_strength_feeling_and_bounds() -> None:
    lexicon = Lexicon()
    plain, very = (lexicon.read(f"{much}sad").dials["energy"] for much in ("", "very "))
    assert very < plain
    assert lexicon.read("a sad man").feelings["sadness"] >= 0.5
    assert "sadness" not in lexicon.read("not sad").feelings
    assert lexicon.read("You book tables.").told() == {}
    for text in ("furious " * 9999, "\x00", "", "never " * 9999 + "smiles"):
        assert all(0.0 <= value <= 1.0 for value in lexicon.read(text).dials.values())


def test_effects_are_read() -> None:
    assert parse_effects("smile+.2 tempo-.1 @joy") == ({"smile": 0.2, "tempo": -0.1}, "joy")
    assert set(parse_effects("energy+.1")[0]) <= set(STYLE_INDEX)
