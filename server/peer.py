"""One browser's WebRTC peer: answers its offer, sends two tracks, hears its microphone.

Runs on the event loop, plus one decoder thread of aiortc while a microphone is received.
Never decodes or sends more than it must, and leaves no task, thread or socket when closed.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame

from server.rtc import jitter
from server.rtc.addresses import NoFreePort, advertise
from server.rtc.discard import discard
from server.rtc.offer_limits import MAX_CANDIDATES, BadOffer, check_candidate, check_offer
from server.settings import RtcSettings
from server.tracks import AvatarAudioTrack, AvatarVideoTrack

log = logging.getLogger(__name__)

EVENT_LABELS = ("events", "chat")
"""Ours, and that of Pipecat's clients (server.doors.rtvi)."""
MAX_MESSAGE_BYTES = 65_536
MAX_BUFFERED_BYTES = 262_144
"""Events beyond it are dropped: a page that does not read must not cost memory."""
ANSWER_TIMEOUT_S = 8.0
"""aiortc waits up to 5 s for a STUN server that is silent."""
CLOSE_TIMEOUT_S = 1.5
"""For each of the two things waited for; in practice both end in milliseconds."""


class Peer:
    """Made for one offer; `aclose` must be called whatever became of it."""

    def __init__(
        self,
        settings: RtcSettings,
        *,
        size: int,
        audio_track: AvatarAudioTrack | None,
        video_track: AvatarVideoTrack | None,
        on_mic: Callable[[AudioFrame], None] | None,
        on_closed: Callable[[str], None],
        on_message: Callable[[str | bytes], None],
        on_connected: Callable[[], None] = lambda: None,
        greeting: Mapping[str, object] | None = None,
        on_listening: Callable[[], None] = lambda: None,
        wanted: tuple[str, ...] = ("audio",),
    ) -> None:
        """All callbacks are called on the loop; `on_closed` once, unless `aclose` came first.

        Without `on_mic` the page's microphone is declined, and not decoded. Without `audio_track`
        nothing is sent, and a camera's pictures are taken and thrown away: a sender of both (OBS)
        would fail on a declined one. `greeting` is the first event on the data channel. An offer
        must hold one of the kinds of media `wanted`.
        """
        self._wanted = wanted
        self._greeting = dict(greeting or {})
        self._settings = settings
        self.size = size
        self._audio_track = audio_track
        self._video_track = video_track
        self._on_mic = on_mic
        self._on_closed = on_closed
        self._on_message = on_message
        self._on_listening = on_listening
        self._on_connected = on_connected
        self._pc: RTCPeerConnection | None = None
        self._channel: RTCDataChannel | None = None
        self._deaf = False
        self._jitter: jitter.AudioJitterBuffer | None = None
        self._answering: asyncio.Task[str] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._told = False
        self._was_connected = False
        self._candidates = 0
        self._events_dropped = 0

    @property
    def state(self) -> str:
        """`new`, `connecting`, `connected`, `failed` or `closed`."""
        return "new" if self._pc is None else str(self._pc.connectionState)

    async def answer(self, sdp: str) -> str:
        """The answer to an SDP offer, with all our candidates in it.

        Raises BadOffer when the offer cannot be used, NoFreePort when no socket can be bound, and
        TimeoutError. The peer is then of no more use.
        """
        if self._pc is not None or self._closing is not None:
            raise BadOffer("offer", "a second one", "one offer for each session")
        clean = check_offer(sdp, self._wanted)
        self._candidates = clean.count("\na=candidate")
        self._pc = self._connection()
        # A task of its own, so that `aclose` can wait for it: aiortc keeps the sockets of a
        # gathering that was cut off.
        self._answering = asyncio.create_task(self._answer(self._pc, clean), name="peer-answer")
        self._answering.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._answering)

    async def add_candidate(
        self, candidate: str, sdp_mid: str | None, sdp_mline_index: int | None
    ) -> None:
        """Add a trickled candidate; an empty one, or an mDNS or TCP one, adds nothing.

        Raises BadOffer when it is malformed, names no m-line, or is one too many.
        """
        if self._pc is None or self._closing is not None:
            raise BadOffer("candidate", "one before the offer", "the offer first")
        text = check_candidate(candidate)
        if text is None:
            # An empty candidate ends the list; we do not pass that on: the browser's checks may
            # still bring an address nobody signalled.
            return
        self._candidates += 1
        if self._candidates > MAX_CANDIDATES:
            raise BadOffer("candidates", str(self._candidates), f"at most {MAX_CANDIDATES}")
        if sdp_mid is None and sdp_mline_index is None:
            raise BadOffer("candidate", "no m-line", "sdpMid or sdpMLineIndex")
        parsed = candidate_from_sdp(text.removeprefix("candidate:"))
        parsed.sdpMid, parsed.sdpMLineIndex = sdp_mid, sdp_mline_index
        try:
            await self._pc.addIceCandidate(parsed)
        except ValueError as error:
            raise BadOffer("candidate", str(error), "one before the end of candidates") from error

    def send(self, event: dict[str, Any]) -> bool:
        """Send an event on the page's data channel; False when it is not open or does not read."""
        channel = self._channel
        if channel is None or channel.readyState != "open":
            return False
        if channel.bufferedAmount > MAX_BUFFERED_BYTES:
            self._events_dropped += 1
            return False
        channel.send(json.dumps(event))
        return True

    async def stats(self) -> dict[str, Any]:
        """Packets, loss, jitter and round trip as aiortc counts them, and our own counts."""
        result: dict[str, Any] = {
            "state": self.state,
            "events_dropped": self._events_dropped,
            "video": self._video_stats(),
        }
        if self._jitter is not None:
            counts = self._jitter.stats()
            result["mic"] = {
                "packets": counts.received,
                "lost": counts.lost,
                "late": counts.late,
                "reordered": counts.reordered,
            }
        if self._pc is not None and self._closing is None:
            for item in (await self._pc.getStats()).values():
                _add_stats(result, item)
        return result

    async def aclose(self) -> None:
        """End the peer and everything it started, within 3 s. Idempotent.

        When cancelled the closing goes on; a later call waits for it.
        """
        if self._closing is None:
            self._told = True
            self._closing = asyncio.create_task(self._close(), name="peer-close")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        for track in (self._audio_track, self._video_track):
            if track is not None:
                track.stop()
        if self._answering is not None:
            await asyncio.wait({self._answering}, timeout=CLOSE_TIMEOUT_S)
            self._answering.cancel()
        if self._pc is not None:
            try:
                await asyncio.wait_for(self._pc.close(), CLOSE_TIMEOUT_S)
            except TimeoutError:
                log.error("peer did not close within %g s", CLOSE_TIMEOUT_S)
        self._channel = None

    async def _answer(self, pc: RTCPeerConnection, offer: str) -> str:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await pc.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
                if self._closing is not None:
                    raise BadOffer("offer", "one for a session that is closing", "a new session")
                self._send_tracks(pc)
                await pc.setLocalDescription(await pc.createAnswer())
        except (BadOffer, NoFreePort, TimeoutError):
            raise
        except Exception as error:
            # The border to aiortc, which fails on bad SDP with whatever it stumbles over:
            # AssertionError, IndexError, KeyError, StopIteration, OperationError...
            detail = f"{type(error).__name__}: {error}"[:200]
            raise BadOffer("offer", detail, "an offer with Opus and VP8 or H264") from error
        return advertise(pc.localDescription.sdp, self._settings.advertise_address)

    def _connection(self) -> RTCPeerConnection:
        servers = [
            RTCIceServer(
                urls=list(server.urls), username=server.username, credential=server.credential
            )
            for server in self._settings.ice_servers
        ]
        # Always said, even when empty: without it aiortc asks a public STUN server.
        pc = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        pc.on("connectionstatechange", self._state_changed)
        pc.on("datachannel", self._channel_opened)
        return pc

    def _send_tracks(self, pc: RTCPeerConnection) -> None:
        """The first audio and video m-line are ours; any more are declined."""
        kinds: set[str] = set()
        for transceiver in pc.getTransceivers():
            first = transceiver.kind not in kinds
            kinds.add(transceiver.kind)
            if not first:
                transceiver.direction = "inactive"
            elif transceiver.kind == "audio":
                transceiver.sender.replaceTrack(self._audio_track)
                transceiver.direction = self._audio_direction
                if self._on_mic is not None:
                    self._hear(transceiver, self._on_mic)
            else:
                # Not recvonly: a camera that the page sends would be decoded for nobody.
                transceiver.sender.replaceTrack(self._video_track)
                transceiver.direction = "inactive" if self._video_track is None else "sendonly"
                if self._audio_track is None:
                    transceiver.direction = "recvonly"
                    discard(transceiver.receiver)

    @property
    def _audio_direction(self) -> str:
        if self._on_mic is None:
            return "sendonly"
        return "recvonly" if self._audio_track is None else "sendrecv"

    @property
    def hears(self) -> bool:
        """Whether the other side sends a microphone."""
        return self._jitter is not None

    def _hear(self, transceiver: RTCRtpTransceiver, on_mic: Callable[[AudioFrame], None]) -> None:
        if transceiver.receiver.track is not None:
            self._jitter = jitter.install(
                transceiver.receiver, lambda frame: self._take(frame, on_mic)
            )

    def _take(self, frame: AudioFrame, on_mic: Callable[[AudioFrame], None]) -> None:
        """In the loop's turn that brought the packet: a queue and a task cost as much again."""
        if self._deaf or self._closing is not None:
            return
        try:
            on_mic(frame)
        except Exception as error:
            # The border to aiortc: the session must hear of it, whatever it was.
            self._deaf = True
            log.error("microphone reader stopped", exc_info=error)
            self._tell(f"fault: {type(error).__name__} in the microphone reader")

    def _state_changed(self) -> None:
        state = self.state
        if state == "connected" and not self._was_connected:
            self._was_connected = True
            self._on_connected()
        elif state == "failed":
            self._tell("connection lost" if self._was_connected else "could not connect")
        elif state == "closed":
            self._tell("hung up")

    def _tell(self, reason: str) -> None:
        if not self._told:
            self._told = True
            self._on_closed(reason)

    def _channel_opened(self, channel: RTCDataChannel) -> None:
        if channel.label not in EVENT_LABELS or self._channel is not None:
            channel.close()
            return
        self._channel = channel
        channel.on("message", self._message)
        if self._greeting:
            self.send(self._greeting)
        self._on_listening()

    def _message(self, message: str | bytes) -> None:
        if len(message) <= MAX_MESSAGE_BYTES and self._closing is None:
            self._on_message(message)

    def _video_stats(self) -> dict[str, Any]:
        track = self._video_track
        if track is None:
            return {}
        times = sorted(track.encode_s)
        return {
            "frames": track.sent,
            "dropped": track.mailbox.stats().dropped,
            "encode_p50_ms": round(times[len(times) // 2] * 1000, 1) if times else None,
            "encode_p95_ms": round(times[len(times) * 19 // 20] * 1000, 1) if times else None,
        }


def _add_stats(result: dict[str, Any], item: Any) -> None:
    """Put one aiortc report where the page looks for it."""
    if item.type == "inbound-rtp" and item.kind == "audio":
        mic = result.setdefault("mic", {})
        mic["jitter_ms"] = round(item.jitter / 48, 1)
        mic["packets_lost"] = item.packetsLost
    elif item.type == "remote-inbound-rtp":
        rtt_ms = None if item.roundTripTime is None else round(item.roundTripTime * 1000, 1)
        entry = result.setdefault(f"remote_{item.kind}", {})
        entry.update(
            rtt_ms=rtt_ms, packets_lost=item.packetsLost, loss=round(item.fractionLost / 256, 4)
        )
    elif item.type == "outbound-rtp":
        entry = result.setdefault(f"out_{item.kind}", {})
        entry.update(packets=item.packetsSent, bytes=item.bytesSent)
