"""Pushed speech of one session: what the push websocket talks to.

Runs on the event loop.
Never plays or draws: it joins the reader of pushed sound, its timeline and whoever listens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict

from engines.values import SAMPLE_RATE_HZ
from server.ingest import PushReader
from server.push_protocol import MAX_MESSAGE_BYTES, event_message
from server.push_timeline import MAX_SEGMENTS, PushTimeline
from server.speech.messages import RATES_HZ, VERSION, VERSIONS
from server.speech.speaker import Speaker, Text
from server.voices.choice import NO_VOICE, Chosen
from server.voices.values import MAX_TEXT


class LiveVoice:
    """One session's `server.push_protocol.PushVoice`."""

    def __init__(
        self,
        timeline: PushTimeline,
        interrupt: Callable[[], None],
        chosen: Chosen = NO_VOICE,
        publish: Callable[[Mapping[str, object]], None] | None = None,
    ) -> None:
        """`chosen` speaks texts; `publish` tells everybody, `hear` of this voice included."""
        self._timeline = timeline
        self._reader = PushReader(timeline)
        self._interrupt = interrupt
        self._chosen = chosen
        self._publish = publish or self.hear
        self._speaker = Speaker(timeline, chosen, self._publish)
        self._on_message: Callable[[Mapping[str, object]], None] | None = None

    @property
    def buffered_s(self) -> float:
        """Speech that waits to be spoken, in seconds."""
        return self._timeline.waiting_s

    @property
    def room_s(self) -> float:
        """Speech that can be taken now, in seconds."""
        return self._timeline.room_s

    def start(self, sample_rate_hz: int, segment: str | None) -> str:
        """Open a segment and return its name. Raises PushRefused."""
        return self._reader.start(sample_rate_hz, segment)

    def feed(self, data: bytes) -> None:
        """PCM16 mono of the open segment. Raises PushFull (nothing taken) or PushRefused."""
        self._reader.feed(data)

    def end(self, segment: str | None) -> None:
        """No more sound of the open segment will come. Raises PushRefused."""
        self._reader.end(segment)

    def interrupt(self) -> None:
        """Stop at once and forget all that waits."""
        self._interrupt()

    def speak(self, text: Text) -> str:
        """Speak a text behind what waits; its segment's name. Raises VoiceFault, PushRefused."""
        return self._speaker.speak(text)

    def clear(self) -> None:
        """Forget what waits behind the segment being spoken."""
        for event in self._timeline.clear():
            self._publish(event_message(event))

    def mark(self, name: str, position_s: float | None) -> None:
        """Tell when this place of the open segment of sound was heard. Raises PushRefused."""
        sent = self._reader.sent
        at = sent if position_s is None else round(position_s * SAMPLE_RATE_HZ)
        self._timeline.mark(at, {"type": "mark", "name": name})

    def hello(self) -> Mapping[str, object]:
        """What can be spoken here, and within which limits."""
        return {
            "type": "hello",
            "version": VERSION,
            "versions": list(VERSIONS),
            "sample_rates": list(RATES_HZ),
            "speech": speech_told(self._chosen),
            "limits": {
                "max_text": MAX_TEXT,
                "max_message_bytes": MAX_MESSAGE_BYTES,
                "max_segments": MAX_SEGMENTS,
                "buffer_s": self._timeline.limit_s,
            },
        }

    async def aclose(self) -> None:
        """Stop speaking texts. Idempotent."""
        await self._speaker.aclose()

    def listen(self, on_message: Callable[[Mapping[str, object]], None] | None) -> None:
        """Give every later message about a segment to `on_message`; None stops."""
        self._on_message = on_message

    def hear(self, message: Mapping[str, object]) -> None:
        """A message about a segment, from the player or the speaker."""
        if message["type"] == "finished":
            self._speaker.drop(str(message["segment"]))
        if self._on_message is not None:
            self._on_message(message)


def speech_told(chosen: Chosen) -> dict[str, object]:
    """Who speaks texts, as clients are told."""
    speech = chosen.speech
    return {
        "provider": None if speech is None else speech.name,
        "reason": chosen.reason,
        "voice": None if chosen.default is None else chosen.default.name,
        "voices": [asdict(voice) for voice in speech.voices] if speech is not None else [],
    }
