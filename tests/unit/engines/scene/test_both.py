"""Two readers together are their mean; the served pair loads."""

from __future__ import annotations

from engines.scene.both import BothReaders, load_reader
from engines.scene.lexicon import Lexicon
from engines.scene.reading import Reading


class Fixed:
    def read(self, text: str) -> Reading:
        return Reading(Reading().dials | {"smile": 1.0}, {"joy": 1.0})  # type: ignore[operator]


def test_the_mean_is_said() -> None:
    reading = BothReaders(Fixed(), Lexicon()).read("nothing of note")
    assert reading.dials["smile"] == 0.75
    assert reading.feelings["joy"] == 1.0


def test_the_served_reader_reads() -> None:
    assert load_reader().read("She is cheerful and smiles a lot.").dials["smile"] > 0.7
