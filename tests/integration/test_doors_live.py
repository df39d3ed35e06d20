"""WHIP in and WHEP out over loopback: HTTP, real peers, the real engine thread; fakes draw."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import MediaStreamError
from fastapi import FastAPI

from server.app import create_app
from tests.integration.loopback import Client, ToneTrack, beeps
from tests.support.live_server import serve
from tests.support.real_backend import LOOPBACK, real_backend

SDP = {"Content-Type": "application/sdp"}
FRAGMENT = "application/trickle-ice-sdpfrag"


class Speaker:
    """A WHIP client: a microphone, and a camera as OBS has one."""

    def __init__(self, camera: bool = False) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.addTransceiver(ToneTrack(beeps), direction="sendonly")
        if camera:
            self.pc.addTransceiver(VideoStreamTrack(), direction="sendonly")
        self.gone = asyncio.Event()
        self.there = asyncio.Event()
        self.pc.on("connectionstatechange", self._state)

    def _state(self) -> None:
        if self.pc.connectionState == "connected":
            self.there.set()
        if self.pc.connectionState in ("closed", "failed"):
            self.gone.set()

    async def post(self, http: httpx.AsyncClient, url: str) -> httpx.Response:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        reply = await http.post(url, content=self.pc.localDescription.sdp, headers=SDP)
        if reply.status_code == 201:
            await self.pc.setRemoteDescription(RTCSessionDescription(reply.text, "answer"))
        return reply


async def look_on(http: httpx.AsyncClient, url: str) -> tuple[Client, httpx.Response]:
    client = Client(mic=False)
    reply = await http.post(url, content=await client.offer(), headers=SDP)
    if reply.status_code == 201:
        await client.take(reply.text)
    return client, reply


@pytest.fixture
def app() -> FastAPI:
    return create_app(LOOPBACK, real_backend(), page=False)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(app) as client:
        yield client


async def ended(app: FastAPI, session_id: str) -> None:
    """Until the session has ended by itself."""
    manager = app.state.services.manager
    async with asyncio.timeout(60):
        while any(each.plan.id == session_id for each in manager.sessions()):
            (session,) = (each for each in manager.sessions() if each.plan.id == session_id)
            await session.ended.wait()
            await asyncio.sleep(0)


async def test_obs_speaks_and_two_look_on_at_the_same_frames(
    app: FastAPI, http: httpx.AsyncClient
) -> None:
    speaker = Speaker(camera=True)
    reply = await speaker.post(http, "/whip/studio?avatar=ben&seed=1")
    assert reply.status_code == 201, reply.text
    assert reply.headers["content-type"] == "application/sdp"
    assert "a=recvonly" in reply.text and "a=inactive" not in reply.text
    (session,) = app.state.services.manager.sessions()
    assert session.plan.avatar == "ben"
    one, _ = await look_on(http, "/whep/studio")
    two, second = await look_on(http, f"/v1/sessions/{session.plan.id}/whep")
    try:
        await asyncio.gather(one.video.at_least(25), two.video.at_least(25))
        # The voice comes back to both, with its beeps.
        await asyncio.gather(one.hear_beeps(2), two.hear_beeps(2))
        stats = (await http.get(f"/v1/sessions/{session.plan.id}/stats")).json()
        assert stats["doors"]["viewers"] == 2 and stats["doors"]["whip"]
        assert stats["source"]["heard"] > 8_000
        # 25 a second for all of them together.
        assert stats["engine"]["frames_rendered"] < 1.5 * stats["player"]["sent"] + 25
        assert (await http.delete(second.headers["location"])).status_code == 200
        assert session.state.value == "live"
        assert (await http.delete(reply.headers["location"])).status_code == 200
        assert app.state.services.manager.sessions() == []
        assert (await http.post("/whep/studio", content="x", headers=SDP)).status_code == 404
        assert len(app.state.services.doors) <= 1
    finally:
        await asyncio.gather(one.aclose(), two.aclose(), speaker.pc.close())


async def test_a_speaker_that_hangs_up_takes_its_session_along(
    app: FastAPI, http: httpx.AsyncClient
) -> None:
    speaker = Speaker()
    reply = await speaker.post(http, "/whip")
    (session,) = app.state.services.manager.sessions()
    async with asyncio.timeout(60):
        await speaker.there.wait()
    await speaker.pc.close()
    await ended(app, session.plan.id)
    assert session.reason == "the client hung up"
    assert (await http.delete(reply.headers["location"])).status_code == 404
    assert len(app.state.services.doors) == 0


async def test_a_viewer_first_and_a_microphone_later(app: FastAPI, http: httpx.AsyncClient) -> None:
    made = (await http.post("/v1/sessions", json={"seed": 1})).json()
    viewer, _ = await look_on(http, made["watch"])
    speaker = Speaker()
    try:
        await viewer.video.at_least(10)
        path = f"/v1/sessions/{made['id']}"
        assert (await http.get(path)).json()["state"] == "live"
        reply = await speaker.post(http, f"{path}/whip")
        assert reply.status_code == 201
        second = Speaker()
        taken = await second.post(http, f"{path}/whip")
        await second.pc.close()
        assert (taken.status_code, taken.json()["error"]["code"]) == (409, "microphone_taken")
        await viewer.hear_beeps(len(viewer.onsets()) + 2)
        # Only the microphone leaves: whoever looks on goes on doing so.
        assert (await http.delete(reply.headers["location"])).status_code == 200
        await viewer.video.at_least(len(viewer.video.frames) + 10)
        assert (await http.get(path)).json()["state"] == "live"
    finally:
        await asyncio.gather(viewer.aclose(), speaker.pc.close())


async def test_a_viewer_that_reads_nothing_harms_nobody(
    app: FastAPI, http: httpx.AsyncClient
) -> None:
    made = (await http.post("/v1/sessions", json={"seed": 1})).json()
    good, _ = await look_on(http, made["watch"])
    slow, _ = await look_on(http, made["watch"])
    never = asyncio.Event()
    try:
        await asyncio.gather(good.video.at_least(5), slow.video.at_least(5))
        (session,) = app.state.services.manager.sessions()
        door = session.media.doors._doors[1]

        async def stuck(item: object) -> None:
            await never.wait()
            raise MediaStreamError

        # As behind a socket that takes no more: its sender never asks for another frame.
        door.video._take = stuck
        door.audio._take = stuck
        sent = session.media.doors.stats()["viewer_frames_dropped"]
        await good.video.at_least(len(good.video.frames) + 20)
        assert session.media.doors.stats()["viewer_frames_dropped"] > sent + 8
        assert good.video.frames[-1][1].pts > good.video.frames[0][1].pts
    finally:
        never.set()
        await asyncio.gather(good.aclose(), slow.aclose())


async def test_pictures_differ_and_carry_sound_of_the_same_time(
    app: FastAPI, http: httpx.AsyncClient
) -> None:
    speaker = Speaker()
    await speaker.post(http, "/whip/a")
    viewer, _ = await look_on(http, "/whep/a")
    try:
        await viewer.hear_beeps(1)
        await viewer.video.at_least(20)
        shown = {frame.to_ndarray(format="rgb24").tobytes() for _, frame in viewer.video.frames}
        assert len(shown) > 5
        loud = max(np.abs(f.to_ndarray()).max() for _, f in viewer.audio.frames)
        assert loud > 4000
    finally:
        await asyncio.gather(viewer.aclose(), speaker.pc.close())
