"""The whole way: an agent's output, the data stream, the runner, the face, and back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fake_livekit.room import FakeRoom
from fake_livekit.sounds import speech
from livekit import api, rtc
from livekit.agents.voice.avatar import DataStreamAudioOutput
from livekit.agents.voice.io import PlaybackFinishedEvent
from livekit.plugins.synchrorama import AvatarSession
from livekit.plugins.synchrorama.__main__ import job_of
from livekit.rtc.event_emitter import EventEmitter

KEY, SECRET = "key", "a secret of at least thirty-two bytes"


class Output:
    """Where an agent's voice goes."""

    tail: DataStreamAudioOutput

    def replace_audio_tail(self, sink: DataStreamAudioOutput) -> None:
        self.tail = sink


class Agent(EventEmitter[Any]):
    """As much of an AgentSession as an avatar touches."""

    def __init__(self) -> None:
        super().__init__()
        self.output = Output()


@dataclass
class Call:
    """An agent and its face in one room."""

    agent_room: FakeRoom
    face_room: FakeRoom
    voice: DataStreamAudioOutput
    finished: list[PlaybackFinishedEvent]
    changed: asyncio.Event

    async def until(self, there: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not there():
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def call(server_url: str) -> AsyncIterator[Call]:
    network: list[FakeRoom] = []
    agent_room, face_room = FakeRoom(network, "agent"), FakeRoom(network, "synchrorama-avatar")
    await agent_room.connect("ws://fake", "token")
    agent = Agent()
    face = AvatarSession(url=server_url, size=256, new_room=lambda: face_room)  # type: ignore
    await face.start(
        agent,  # type: ignore[arg-type]
        agent_room,  # type: ignore[arg-type]
        livekit_url="ws://fake",
        livekit_api_key=KEY,
        livekit_api_secret=SECRET,
    )
    await face.wait_for_join(timeout=10)
    finished: list[PlaybackFinishedEvent] = []
    changed = asyncio.Event()

    def hear(event: PlaybackFinishedEvent) -> None:
        finished.append(event)
        changed.set()

    agent.output.tail.on("playback_finished", hear)
    agent.output.tail.on("playback_started", lambda event: changed.set())
    yield Call(agent_room, face_room, agent.output.tail, finished, changed)
    await face.aclose()
    assert not face_room.connected
    assert "synchrorama-worker" not in {task.get_name() for task in asyncio.all_tasks()}


async def say(call: Call, seconds: float) -> None:
    for frame in speech(seconds):
        await call.voice.capture_frame(frame)


async def test_a_segment_is_played_and_told_once(call: Call) -> None:
    await say(call, 1.0)
    call.voice.flush()
    await call.until(lambda: bool(call.finished))
    assert call.finished[0].interrupted is False
    assert call.finished[0].playback_position == pytest.approx(1.0, abs=0.2)
    told = [method for method, _ in call.face_room.rpcs]
    assert told == ["lk.playback_started", "lk.playback_finished"]
    kinds = {p.kind for p in call.face_room.local_participant.track_publications.values()}
    assert kinds == {rtc.TrackKind.KIND_AUDIO, rtc.TrackKind.KIND_VIDEO}


async def test_the_face_joins_on_behalf_of_the_agent(call: Call) -> None:
    assert call.face_room.joined_with is not None
    claims = api.TokenVerifier(KEY, SECRET).verify(call.face_room.joined_with[1])
    assert (claims.identity, claims.kind) == ("synchrorama-avatar", "agent")
    assert claims.attributes == {"lk.publish_on_behalf": "agent"}
    assert claims.video is not None and claims.video.room == "room"


async def test_an_interruption_is_told_with_its_position_and_the_next_segment_too(
    call: Call,
) -> None:
    await say(call, 4.0)
    await call.until(lambda: ("lk.playback_started", "") in call.face_room.rpcs)
    call.voice.clear_buffer()
    call.voice.flush()
    await call.until(lambda: len(call.finished) == 1)
    assert call.finished[0].interrupted and call.finished[0].playback_position < 2.0
    await say(call, 0.5)
    call.voice.flush()
    await call.until(lambda: len(call.finished) == 2)
    assert not call.finished[1].interrupted
    assert call.finished[1].playback_position == pytest.approx(0.5, abs=0.2)
    told = [json.loads(text) for method, text in call.face_room.rpcs if "finished" in method]
    assert len(told) == 2


async def test_a_lost_trailer_does_not_wedge_the_next_segment(call: Call) -> None:
    call.agent_room.lose_trailers = True
    await say(call, 0.4)
    call.voice.flush()
    call.agent_room.lose_trailers = False
    await call.until(lambda: ("lk.playback_started", "") in call.face_room.rpcs)
    await say(call, 0.4)
    call.voice.flush()
    await call.until(lambda: len(call.finished) == 2)


async def test_start_without_credentials_says_what_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    room = FakeRoom([], "agent")
    with pytest.raises(ValueError, match="LIVEKIT_URL"):
        await AvatarSession().start(Agent(), room)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"livekit_url": "ws://x", "token": "t"},
        {"livekit_url": "file:///etc", "token": "t", "agent_identity": "a"},
        {"livekit_url": "ws://x", "token": "t", "agent_identity": "a", "extra": 1},
    ],
)
def test_a_job_that_is_wrong_is_refused(body: object) -> None:
    with pytest.raises(ValueError, match=r"must|unknown"):
        job_of(body)


def test_a_job_is_taken() -> None:
    body = {"livekit_url": "ws://x", "token": "t", "agent_identity": "a", "avatar": "noor"}
    assert job_of(body).avatar == "noor"
