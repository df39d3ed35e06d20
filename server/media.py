"""The moving parts of one live session, put together: sound in, engine, player, peer.

Runs on the event loop.
Never computes anything itself: it joins parts that know nothing of each other.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from engines.mailbox import Mailbox
from engines.motion.wishes import Say, Wish
from engines.render.stage import Stage
from engines.values import F32, U8, Picture
from server.assistant.ear import Ear
from server.assistant.interfaces import Assistant, Body
from server.assistant.maker import AssistantMaker
from server.codec_pool import CodecPool
from server.disclosure import disclosure_of
from server.doors import rtvi
from server.doors.fan import Fan
from server.doors.hall import Hall, House
from server.face_feed import FaceFeed
from server.faces import Face, FacePlan, Faces
from server.ingest import MicReader
from server.listener import Ears, Listener
from server.live_voice import LiveVoice
from server.media_metrics import Meter, Times, engine_figures, newest, stats_event
from server.metrics import Metrics
from server.peer import Peer
from server.player import Outlets, Player
from server.probe import Probe
from server.push_protocol import PushVoice, event_message
from server.push_timeline import PushTimeline
from server.session_states import Ending, ending_of
from server.sessions import Media, MediaEvents, MediaFactory, SessionPlan
from server.settings import Settings
from server.speech.desk import WORDS, answer, too_long
from server.timeline import MicTimeline, SegmentEvent
from server.tracks import AvatarAudioTrack, AvatarVideoTrack
from server.voices.choice import NO_VOICE, Chosen

log = logging.getLogger(__name__)
FRAMES_KEPT = 8
"""M3: 320 ms of pictures, more than playout ever waits for."""
SPEECH_LEAD_S = 0.08
"""Pushed speech is given to the engine this long before its time: two pictures more to draw in."""
MAX_PAGE_MESSAGE = 32_768
SILENCE_LOOK_S, SILENCE_WITHIN_S = 0.004, 0.4
"""How finely and how long the way from an interrupt to silence is watched: 20 ms are expected."""


@dataclass(frozen=True, slots=True)
class Machinery:
    """What all sessions share."""

    settings: Settings
    faces: Faces
    pool: CodecPool
    metrics: Metrics
    ears: Ears | None = None
    """Whoever writes down what microphones say."""
    assistants: AssistantMaker | None = None
    """Whoever answers in sessions with the voice `assistant`."""
    speech: Chosen = NO_VOICE
    """Whoever speaks texts."""


def media_factory(machinery: Machinery) -> MediaFactory:
    """Builds the media of each session on `machinery`."""

    async def build(plan: SessionPlan, events: MediaEvents) -> Media:
        frames: Mailbox[Picture] = Mailbox("frames", FRAMES_KEPT, "drop-oldest")
        wanted = FacePlan(plan.id, plan.avatar, plan.size, plan.stage, plan.seed, plan.renderer)
        face = await machinery.faces.open(wanted, frames)
        try:
            return LiveMedia(plan, events, machinery, face, frames)
        except BaseException:
            face.close()
            raise

    return build


class LiveMedia:
    """One session's parts; `server.sessions.Media` says what each method is for."""

    def __init__(
        self,
        plan: SessionPlan,
        events: MediaEvents,
        machinery: Machinery,
        face: Face,
        frames: Mailbox[Picture],
    ) -> None:
        """`face` puts its pictures into `frames`; from here on it is closed by `aclose`."""
        self._plan = plan
        self._events = events
        self._settings = machinery.settings
        self._machinery = machinery
        self._metrics = machinery.metrics
        self._began_s = time.monotonic()
        self._timing_silence = False
        self._rtvi = False
        """Whether the page is one of Pipecat's clients."""
        self._stack = AsyncExitStack()
        self._frames = frames
        self._face = face
        self._stack.callback(face.close)
        self._audio_track = AvatarAudioTrack()
        self._video_track = AvatarVideoTrack(machinery.pool)
        self._timeline: MicTimeline | PushTimeline
        self._mic: MicReader | None = None
        self._voice: LiveVoice | None = None
        self._assistant: Assistant | None = None
        self._feed = FaceFeed(self.tell)
        self._sounds, self._pictures = (
            Fan(self._audio_track.mailbox),
            Fan(self._video_track.mailbox),
        )
        self._player = self._build_player(face.still)
        self._stack.push_async_callback(self._player.aclose)
        self._peer = self._build_peer()
        self._stack.push_async_callback(self._peer.aclose)
        self._hall = self._build_hall()
        self._stack.push_async_callback(self._hall.aclose)
        self._meter = Meter(machinery.metrics)

    def _build_player(self, still: U8) -> Player:
        plan, media = self._plan, self._settings.media
        if plan.voice != "mirror":
            push = PushTimeline(media.push_buffer_s, SPEECH_LEAD_S, self._events.cue)
            speech = self._machinery.speech
            self._timeline = push
            self._voice = voice = LiveVoice(push, self._interrupt, speech, self._publish)
            self._stack.push_async_callback(voice.aclose)
        else:
            self._timeline = MicTimeline()
        player = Player(
            timeline=self._timeline,
            engine_audio=self._face.audio,
            engine_frames=self._frames,
            outlets=Outlets(self._sounds, self._pictures),
            idle_image=still,
            delay_ms=media.playout_delay_ms,
            on_speaking=lambda speaking: self.tell({"type": "state", "speaking": speaking}),
            on_segment=self._on_segment,
            on_fault=lambda error: self._events.ended(
                Ending.FAULT, f"player: {type(error).__name__}"
            ),
            on_shown=self._feed.shown,
            on_played=self._on_played,
            probe=Probe(self.tell) if plan.probe else None,
        )
        if plan.voice == "assistant":
            self._join_assistant()
        elif isinstance(self._timeline, MicTimeline):
            self._mic = MicReader(self._timeline, player.pump, self._listened())
        return player

    def _join_assistant(self) -> None:
        assert self._machinery.assistants is not None and self._voice is not None
        body = Body(self._voice, self.tell, self._events.heard)
        self._assistant = assistant = self._machinery.assistants.make(body)
        self._stack.push_async_callback(assistant.aclose)
        self._mic = MicReader(Ear(assistant.hear))

    def _on_played(self, samples: F32) -> None:
        if self._assistant is not None:
            self._assistant.played(samples)

    def _listened(self) -> Callable[[F32], None] | None:
        """Who else hears the microphone; None where no words are wanted."""
        if self._machinery.ears is None:
            return None
        listener = Listener(self._machinery.ears, self._on_words)
        self._stack.push_async_callback(listener.aclose)
        return listener.hear

    def _build_peer(self) -> Peer:
        mic = self._mic
        return Peer(
            self._settings.rtc,
            size=self._plan.size,
            audio_track=self._audio_track,
            video_track=self._video_track,
            # In push mode a microphone that the page offers anyway is declined.
            on_mic=mic.feed if mic is not None else None,
            on_closed=lambda reason: self._events.ended(*ending_of(reason)),
            on_message=self._on_page_message,
            on_connected=self._on_connected,
            on_listening=self._on_listening,
            greeting=self._greeting(),
        )

    def _build_hall(self) -> Hall:
        return Hall(
            House(
                rtc=self._settings.rtc,
                size=self._plan.size,
                pool=self._machinery.pool,
                viewers=self._settings.doors.viewers,
                sounds=self._sounds,
                pictures=self._pictures,
                mic=self._mic,
                page_speaks=lambda: self._peer.hears,
                on_connected=self._on_connected,
                greeting=self._greeting(),
            )
        )

    def _greeting(self) -> dict[str, object]:
        told = disclosure_of(self._settings.disclosure, self._plan.consent_given)
        return {"type": "disclosure", **told.model_dump()}

    # -- what the session asks ----------------------------------------------------------------

    @property
    def voice(self) -> PushVoice | None:
        """Where pushed speech goes; None in mirror mode, and where an assistant speaks."""
        return None if self._assistant is not None else self._voice

    @property
    def doors(self) -> Hall:
        """The ways in and out beside the page."""
        return self._hall

    async def answer(self, sdp: str) -> str:
        """Answer an offer. Raises BadOffer."""
        self._hall.paged = True
        return await self._peer.answer(sdp)

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        """Take a trickled candidate. Raises BadOffer."""
        await self._peer.add_candidate(candidate, mid, index)

    def mic_silent_s(self) -> float | None:
        """Seconds since the last microphone frame; None where there may be none."""
        since_s = self._hall.microphone_since_s
        if (
            self._mic is None
            or self._assistant is not None
            or (since_s is None and not self._hall.paged)
        ):
            return None
        heard_s = self._mic.last_heard_s
        return time.monotonic() - max(self._began_s, since_s or 0.0, heard_s or 0.0)

    def queue_ages(self) -> Mapping[str, float]:
        """Age of the oldest item of each queue, in seconds."""
        return {
            "mic": self._face.audio.stats().age_s,
            "frames": self._frames.stats().age_s,
            "audio_out": self._audio_track.mailbox.stats().age_s,
            "video_out": self._video_track.mailbox.stats().age_s,
        }

    def tell(self, event: Mapping[str, object]) -> None:
        """Send an event to the page, if it listens."""
        if self._rtvi and (words := rtvi.translated(event)) is not None:
            self._peer.send(words)
        self._peer.send(dict(event))

    async def stats(self) -> dict[str, Any]:
        """Figures of every part."""
        timeline = self._timeline
        source: dict[str, Any] = {"epoch": timeline.epoch}
        if isinstance(timeline, MicTimeline):
            source |= asdict(timeline.stats)
        else:
            source |= {"waiting_s": timeline.waiting_s, "room_s": timeline.room_s}
        return {
            "avatar": self._plan.avatar,
            "voice": self._plan.voice,
            "size": self._plan.size,
            "source": source,
            "engine": engine_figures(self._face.stats()),
            "player": asdict(self._player.stats()),
            "peer": await self._peer.stats(),
            "doors": self._hall.stats(),
        }

    async def publish(self) -> None:
        """The stats event to the page, the counters to the metrics."""
        engine, player = self._face.stats(), self._player.stats()
        video = self._video_track
        stages: dict[str, Times] = {
            "motion": partial(self._face.steps, "motion"),
            "render": partial(self._face.steps, "render"),
            # The last picture sent is still being encoded.
            "encode": newest(video.encode_s, max(0, video.sent - 1)),
        }
        self._meter.update(engine, player, await self._peer.stats(), stages)
        self.tell(stats_event(engine, player))

    async def show(self, stage: Stage) -> None:
        """Draw on another stage from the next frame on. Raises what kept it from being built."""
        await self._face.show(stage)
        self._player.show_idle(self._face.still)

    def wish(self, wish: Wish) -> None:
        """Tell the face something; it shows with one of the next pictures."""
        self._face.wish(wish)

    def subscribe(self, on: bool) -> None:
        """Send every motion to the page, or no more."""
        self._feed.subscribe(on)

    async def aclose(self) -> None:
        """Stop peer, player and engine session, in this order. Idempotent."""
        await self._stack.aclose()

    # -- what the parts say -------------------------------------------------------------------

    def _on_connected(self) -> None:
        if self._player.playing:
            return
        # Media time 0: before it nobody could hear or see anything.
        self._player.start()
        self._metrics.first_frame.observe(time.monotonic() - self._began_s)
        self._events.connected()
        if self._assistant is not None:
            self._assistant.begin()

    def _on_listening(self) -> None:
        if self._assistant is not None:
            self._assistant.introduce()

    def _interrupt(self) -> None:
        self._player.interrupt()
        self._events.interrupted()
        # One at a time: a client may interrupt as fast as it can send.
        if not self._timing_silence:
            self._timing_silence = True
            self._await_silence(time.monotonic(), self._audio_track.sent)

    def _await_silence(self, began_s: float, sent: int) -> None:
        """Measure until the track has handed the first sound after an interrupt to the encoder."""
        waited_s = time.monotonic() - began_s
        heard = self._audio_track.sent > sent
        if heard:
            self._metrics.interrupt.observe(waited_s)
        self._timing_silence = not heard and waited_s < SILENCE_WITHIN_S
        if self._timing_silence:
            loop = asyncio.get_running_loop()
            loop.call_later(SILENCE_LOOK_S, self._await_silence, began_s, sent)

    def _on_words(self, text: str) -> None:
        self.wish(Say(text))
        self.tell({"type": "transcript", "text": text})

    def _on_segment(self, event: SegmentEvent) -> None:
        self._publish(event_message(event))

    def _publish(self, message: Mapping[str, object]) -> None:
        """To whoever speaks, and to the page."""
        if self._voice is not None:
            self._voice.hear(message)
        self.tell(message)

    def _on_page_message(self, message: str | bytes) -> None:
        """A page may interrupt; other objects are the session's to hear, and nothing else is."""
        if len(message) > MAX_PAGE_MESSAGE:
            self.tell(too_long(len(message), MAX_PAGE_MESSAGE))
            return
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            log.debug("a message of the page is not JSON")
            return
        if not isinstance(event, dict):
            return
        if rtvi.is_rtvi(event):
            self._rtvi = True
            if (reply := rtvi.reply(event)) is not None:
                self._peer.send(reply)
        elif event.get("type") == "interrupt":
            self._interrupt()
        elif event.get("type") == "ask" and self._assistant is not None:
            self._assistant.ask(str(event.get("text", "")))
        elif event.get("type") in WORDS:
            if (told := answer(self.voice, event)) is not None:
                self.tell(told)
        else:
            self._events.heard(event)
