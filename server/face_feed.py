"""Tells a page what the face shows: the emotion five times a second, every motion when asked.

Runs on the event loop, with each picture that is shown for the first time.
Never sends a motion nobody asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engines.emotion.values import EMOTIONS, Emotion
from engines.values import FRAME_RATE_HZ, MOTION_NAMES, SAMPLE_RATE_HZ, Picture
from server.arkit import for_heads

EMOTION_HZ = 5
_EVERY = FRAME_RATE_HZ // EMOTION_HZ


class FaceFeed:
    """One session's feed."""

    def __init__(self, tell: Callable[[Mapping[str, object]], None]) -> None:
        self._tell = tell
        self._shown = 0
        self._motion = False

    def subscribe(self, on: bool) -> None:
        """Send every motion from now on, or no more; the names are told once, first."""
        if on and not self._motion:
            self._tell({"type": "motion_names", "names": list(MOTION_NAMES)})
        self._motion = on

    def shown(self, picture: Picture) -> None:
        """A picture is on its way out."""
        if self._motion:
            values = [round(float(value), 4) for value in for_heads(picture.motion)]
            self._tell({"type": "motion", "t": picture.pts / SAMPLE_RATE_HZ, "values": values})
        if picture.emotion is not None and self._shown % _EVERY == 0:
            self._tell(emotion_event(picture.emotion))
        self._shown += 1


def emotion_event(emotion: Emotion) -> dict[str, object]:
    """The event of docs/api.md."""
    shares = zip(EMOTIONS, emotion.probabilities.tolist(), strict=True)
    return {
        "type": "emotion",
        "label": emotion.label,
        "probabilities": {name: round(share, 3) for name, share in shares},
        "valence": round(emotion.valence, 3),
        "arousal": round(emotion.arousal, 3),
        "intensity": round(emotion.intensity, 3),
        "sources": sorted(emotion.sources),
    }
