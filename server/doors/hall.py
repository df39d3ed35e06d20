"""The doors of one session: WHIP peers that bring a microphone in, WHEP peers that look on.

Runs on the event loop.
Never draws anything: every viewer gets the frames that are drawn anyway, on a mailbox of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from server.codec_pool import CodecPool
from server.doors.fan import Fan
from server.doors.offers import check_direction
from server.errors import ApiError
from server.ingest import MicReader
from server.peer import Peer
from server.playout import Sound, Still
from server.sdpfrag import offered_ufrag
from server.settings import RtcSettings
from server.tracks import AvatarAudioTrack, AvatarVideoTrack

Kind = Literal["whip", "whep"]
FULL_RETRY_S = 10
"""A viewer that found no room asks again in so many seconds."""


@dataclass(slots=True)
class Door:
    """One peer beside the page's."""

    kind: Kind
    peer: Peer
    ufrag: str | None
    """Of its offer; another one in a fragment asks for an ICE restart."""
    audio: AvatarAudioTrack | None = None
    video: AvatarVideoTrack | None = None
    connected: bool = False
    on_end: Callable[[str], None] = lambda reason: None
    """Told once why it ended, unless it was closed by `Hall.close`."""
    deadline: asyncio.TimerHandle | None = None
    closing: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class House:
    """What the doors of one session share with its media."""

    rtc: RtcSettings
    size: int
    pool: CodecPool
    viewers: int
    """Most at a time."""
    sounds: Fan[Sound]
    pictures: Fan[Still]
    mic: MicReader | None
    """None in push mode."""
    page_speaks: Callable[[], bool]
    """Whether the page's own microphone is in use."""
    on_connected: Callable[[], None]
    """Somebody can hear and see, or is heard, from now on."""
    greeting: Mapping[str, object] = field(default_factory=dict)


class Hall:
    """Opens, counts and closes them."""

    def __init__(self, house: House, clock: Callable[[], float] = time.monotonic) -> None:
        self._house = house
        self._clock = clock
        self._doors: list[Door] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False
        self._left_s: float | None = None
        self._mic_since_s: float | None = None
        self.paged = False
        """Whether a page has called: its session ends with it, whoever looks on."""

    # -- what is told ---------------------------------------------------------------------------

    @property
    def viewers(self) -> int:
        """Who look on, or are about to."""
        return sum(door.kind == "whep" for door in self._doors)

    @property
    def microphone_since_s(self) -> float | None:
        """When a WHIP microphone was connected; None while there is none."""
        return self._mic_since_s

    @property
    def empty_s(self) -> float | None:
        """Seconds since the last one left; None while there is anybody, or a page has called."""
        if self.paged or self._doors or self._left_s is None:
            return None
        return self._clock() - self._left_s

    def stats(self) -> dict[str, object]:
        """Figures for the session's stats."""
        lost = sum(each.video.mailbox.stats().dropped for each in self._doors if each.video)
        return {
            "viewers": self.viewers,
            "whip": any(door.kind == "whip" for door in self._doors),
            "viewer_frames_dropped": lost,
        }

    # -- opening and closing --------------------------------------------------------------------

    async def open(self, kind: Kind, sdp: str) -> tuple[Door, str]:
        """A new peer and its answer.

        Raises ApiError (406 for media that do not fit, 409, 503), BadOffer, NoFreePort and
        TimeoutError; nothing is then left of it.
        """
        self._must_fit(kind, sdp)
        door = self._build(kind, offered_ufrag(sdp))
        self._doors.append(door)
        try:
            answer = await door.peer.answer(sdp)
            if self._closed or door not in self._doors:
                raise ApiError(410, "session_closed", "this session has ended")
        except BaseException:
            await self.close(door)
            raise
        loop = asyncio.get_running_loop()
        if not door.connected:
            late_s = self._house.rtc.connect_timeout_s
            door.deadline = loop.call_later(late_s, self._end, door, "could not connect")
        return door, answer

    async def close(self, door: Door) -> None:
        """Close one and wait until nothing is left of it. Idempotent."""
        door.on_end = lambda reason: None
        await asyncio.shield(self._shut(door))

    async def aclose(self) -> None:
        """Close all. Idempotent."""
        self._closed = True
        for door in list(self._doors):
            self._shut(door)
        if self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    def _must_fit(self, kind: Kind, sdp: str) -> None:
        house = self._house
        if self._closed:
            raise ApiError(410, "session_closed", "this session has ended")
        check_direction(kind, sdp)
        if kind == "whep":
            if self.viewers >= house.viewers:
                raise ApiError(
                    503,
                    "viewers_full",
                    f"{self.viewers} of {house.viewers} viewers are there",
                    "come again later, or raise the setting doors.viewers",
                    headers={"Retry-After": str(FULL_RETRY_S)},
                )
            return
        if house.mic is None:
            hint = "create the session with voice mirror, or push speech over the websocket"
            raise ApiError(409, "wrong_voice", "this session's voice is push", hint)
        if house.page_speaks() or any(door.kind == "whip" for door in self._doors):
            hint = "one microphone at a time: end the other one first"
            raise ApiError(409, "microphone_taken", "somebody speaks in this session", hint)

    def _build(self, kind: Kind, ufrag: str | None) -> Door:
        house = self._house
        sends = kind == "whep"
        audio = AvatarAudioTrack() if sends else None
        video = AvatarVideoTrack(house.pool) if sends else None
        door: Door
        peer = Peer(
            house.rtc,
            size=house.size,
            audio_track=audio,
            video_track=video,
            on_mic=None if sends or house.mic is None else house.mic.feed,
            on_closed=lambda reason: self._end(door, reason),
            # A viewer has no say.
            on_message=lambda message: None,
            on_connected=lambda: self._connected(door),
            greeting=house.greeting,
            wanted=("audio", "video") if sends else ("audio",),
        )
        door = Door(kind, peer, ufrag, audio, video)
        return door

    def _connected(self, door: Door) -> None:
        if door.closing is not None:
            return
        door.connected = True
        if door.deadline is not None:
            door.deadline.cancel()
        if door.kind == "whip" and self._house.mic is not None:
            self._mic_since_s = self._clock()
            self._house.mic.restart()
        if door.audio is not None and door.video is not None:
            self._house.sounds.add(door.audio.mailbox)
            self._house.pictures.add(door.video.mailbox)
        self._house.on_connected()

    def _end(self, door: Door, reason: str) -> None:
        """It ended by itself."""
        if door.closing is None:
            self._shut(door)
            door.on_end(reason)

    def _shut(self, door: Door) -> asyncio.Task[None]:
        if door.closing is None:
            door.closing = asyncio.create_task(self._close(door), name=f"{door.kind}-close")
            self._closing.add(door.closing)
            door.closing.add_done_callback(self._closing.discard)
        return door.closing

    async def _close(self, door: Door) -> None:
        if door.deadline is not None:
            door.deadline.cancel()
        if door.audio is not None and door.video is not None:
            self._house.sounds.remove(door.audio.mailbox)
            self._house.pictures.remove(door.video.mailbox)
        if door in self._doors:
            self._doors.remove(door)
            self._left_s = self._clock()
        if door.kind == "whip":
            self._mic_since_s = None
        await door.peer.aclose()
