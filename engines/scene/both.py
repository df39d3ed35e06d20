"""Lexicon and encoder together: the mean of the dials two readers see, the feelings of either.

Any thread; shared, read-only.
Never reads a text itself.
"""

from __future__ import annotations

from engines.emotion.values import EMOTIONS
from engines.motion.style import STYLE_NAMES
from engines.scene.encoder import SceneEncoder
from engines.scene.lexicon import Lexicon
from engines.scene.reading import Reader, Reading


class BothReaders:
    """Errs less than either: their mistakes differ (figures in docs/scene.md)."""

    def __init__(self, first: Reader, second: Reader) -> None:
        self._readers = (first, second)

    def read(self, text: str) -> Reading:
        """Means of dials; of each feeling the stronger."""
        a, b = (reader.read(text) for reader in self._readers)
        return Reading(
            {name: (a.dials[name] + b.dials[name]) / 2 for name in STYLE_NAMES},
            {
                name: max(a.feelings.get(name, 0.0), b.feelings.get(name, 0.0))
                # The encoder's "neutral" is its rest to one; it must not hide a key word.
                for name in EMOTIONS[1:]
            },
        )


def load_reader(threads: int = 1) -> Reader:
    """The reader that is served. Raises BadSceneWeights."""
    return BothReaders(Lexicon(), SceneEncoder.load(threads=threads))
