"""Gives sessions their scene: the text at once, a language model's reading of it when it comes.

Runs on the event loop; one for the server.
Never makes a session wait, and never outlives the session it writes for.
"""

from __future__ import annotations

from collections.abc import Mapping

from engines.emotion.values import EmotionOverride
from engines.scene.reading import Reader
from engines.scene.template import live_scene
from engines.scene.values import Scene
from server.scene_writer import SceneWriter, WrittenScene

MAX_TEXT = 4000
"""Characters of a scene text that are taken; of more it is refused."""


class Director:
    """Shared reader and writer."""

    def __init__(self, reader: Reader, writer: SceneWriter) -> None:
        self._reader = reader
        self._writer = writer

    def live(self, text: str) -> Scene:
        """What the words themselves ask for; a fraction of a millisecond."""
        return live_scene(text, self._reader)

    async def write(self, attributes: Mapping[str, str], text: str) -> WrittenScene:
        """The language model's reading (or the template's): see `SceneWriter.write`."""
        return await self._writer.write(attributes, text)

    async def close(self) -> None:
        """Close connections. Idempotent."""
        await self._writer.close()


def scene_event(scene: Scene, source: str, notice: str | None = None) -> dict[str, object]:
    """The event that tells a page what its scene text was taken for."""
    event: dict[str, object] = {
        "type": "scene",
        "description": scene.description,
        "source": source,
        "dials": {name: round(value, 2) for name, value in scene.dials.items()},
        "actions": list(scene.actions),
        "mood": _mood(scene.mood),
    }
    if notice is not None:
        event["notice"] = notice
    return event


def _mood(mood: EmotionOverride | None) -> dict[str, object] | None:
    """As the `emotion` telling has it, so that a client can show it and take it back."""
    if mood is None:
        return None
    felt = {"label": mood.label, "valence": mood.valence, "arousal": mood.arousal}
    told: dict[str, object] = {name: value for name, value in felt.items() if value is not None}
    return told | {"intensity": mood.intensity}
