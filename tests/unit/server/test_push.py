"""The push websocket over a real socket; a fake session plays by a virtual clock."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import websockets
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.app import create_app
from server.logs import install_logging
from server.push import SLICE_BYTES, PushSocket, open_push
from server.push_protocol import MAX_MESSAGE_BYTES
from server.settings import LogSettings, SessionSettings, Settings
from tests.support.fake_backend import FakeBackend, FakeVoice
from tests.support.live_server import GOOD_OFFER, serve

START = json.dumps({"type": "start", "sample_rate": 16000})
SECOND = np.full(16_000, 1000, "<i2").tobytes()


@dataclass
class Push:
    """One push session and how to reach it."""

    app: FastAPI
    backend: FakeBackend
    url: str
    session: str

    def socket(self, **more: Any) -> Any:
        return connect(f"{self.url}/v1/sessions/{self.session}/audio", **more)

    @property
    def voice(self) -> FakeVoice:
        voice = self.backend.made[-1].voice
        assert isinstance(voice, FakeVoice)
        return voice


@pytest.fixture
async def push() -> AsyncIterator[Push]:
    backend = FakeBackend()
    settings = Settings(session=SessionSettings(max_sessions=4, offer_timeout_s=1))
    app = create_app(settings, backend, page=False)
    async with serve(app) as http:
        made = await http.post("/v1/sessions", json={"voice": "push", "size": 256})
        session = str(made.json()["id"])
        offer = {"sdp": GOOD_OFFER, "type": "offer"}
        await http.post(f"/v1/sessions/{session}/offer", json=offer)
        backend.made[-1].events.connected()
        yield Push(app, backend, str(http.base_url).replace("http", "ws"), session)


async def hear(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of this kind."""
    async with asyncio.timeout(60):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] == kind:
                return message


async def closing(socket: ClientConnection) -> tuple[dict[str, Any], int, str]:
    """The error, and with what the server closed."""
    error = await hear(socket, "error")
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(60):
            while True:
                await socket.recv()
    assert caught.value.rcvd is not None
    return error, caught.value.rcvd.code, caught.value.rcvd.reason


async def test_a_segment_is_taken_started_and_finished_by_the_playout_clock(push: Push) -> None:
    async with push.socket() as socket:
        await socket.send(START)
        await socket.send(SECOND)
        told = await hear(socket, "buffered")
        assert told["seconds"] == pytest.approx(1.0, abs=0.01)
        await socket.send(json.dumps({"type": "end"}))
        push.voice.play(0.5)
        assert await hear(socket, "started") == {"type": "started", "segment": "s1"}
        # An `end` may still be on its way: what was played is finished only with it.
        push.voice.play(1.5)
        async with asyncio.timeout(60):
            while not (message := json.loads(await socket.recv()))["type"] == "finished":
                push.voice.play(1.5)
        assert message["position_s"] == pytest.approx(1.0, abs=0.01)
        assert message["interrupted"] is False


async def test_an_interrupt_finishes_what_was_open(push: Push) -> None:
    async with push.socket() as socket:
        await socket.send(START)
        await socket.send(SECOND)
        await hear(socket, "buffered")
        await socket.send(json.dumps({"type": "interrupt"}))
        message = await hear(socket, "finished")
        assert message["interrupted"] is True
        assert push.voice.interrupts == 1
        # The next word needs a start of its own.
        await socket.send(SECOND)
        error, code, _ = await closing(socket)
        assert (error["code"], code) == ("not_started", 1008)


Sender = Callable[[ClientConnection], Any]
FAULTS: dict[str, tuple[list[str | bytes], int, str]] = {
    "sound before start": ([SECOND], 1008, "not_started"),
    "odd length": ([START, b"abc"], 1007, "odd_length"),
    "too big": ([START, bytes(MAX_MESSAGE_BYTES + 2)], 1009, "message_too_big"),
    "unknown rate": (['{"type": "start", "sample_rate": 44101}'], 1008, "bad_sample_rate"),
    "end without start": (['{"type": "end"}'], 1008, "not_started"),
    "end of another": ([START, '{"type": "end", "segment": "x"}'], 1008, "refused"),
    "name in use": (
        [
            '{"type": "start", "sample_rate": 8000, "segment": "a"}',
            SECOND,
            '{"type": "start", "sample_rate": 8000, "segment": "a"}',
        ],
        1008,
        "refused",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_told_and_the_socket_closed_with_its_code(push: Push, name: str) -> None:
    messages, close_code, code = FAULTS[name]
    async with push.socket() as socket:
        for message in messages:
            await socket.send(message)
        error, closed_with, reason = await closing(socket)
    assert (error["code"], closed_with) == (code, close_code)
    assert error["message"].startswith(reason[:40])
    # The session itself goes on.
    assert push.app.state.services.manager.get(push.session).state.value == "live"


BAD_WORDS = {
    '{"type": "start", "sample_rate": NaN}': "bad_json",
    "hello": "bad_json",
    "[]": "bad_message",
    '{"type": "sing"}': "unknown_type",
    '{"type": "clear", "all": true}': "unknown_field",
    '{"type": "speak", "text": 7}': "invalid_message",
    '{"type": "speak", "text": "' + "a" * 300_000 + '"}': "message_too_big",
    '{"type": "speak", "text": "hi"}': "voice_unavailable",
    '{"type": "mark", "name": "m"}': "refused",
    '{"type": "hello", "version": 7}': "unsupported_version",
}


async def test_a_message_that_is_no_good_is_told_and_the_socket_goes_on(push: Push) -> None:
    async with push.socket() as socket:
        for message, code in BAD_WORDS.items():
            await socket.send(message)
            error = await hear(socket, "error")
            assert error["code"] == code and len(error["message"]) < 400
        await socket.send(START)
        await socket.send(SECOND)
        assert (await hear(socket, "buffered"))["seconds"] > 0.9


async def test_the_first_message_says_which_version_this_is(push: Push) -> None:
    async with push.socket() as socket:
        first = json.loads(await socket.recv())
        assert (first["type"], first["version"], first["versions"]) == ("hello", 1, [1])
        assert first["speech"]["provider"] is None and first["limits"]["max_text"] > 0
        await socket.send('{"type": "hello"}')
        assert await hear(socket, "hello") == first


async def test_a_version_that_is_not_spoken_is_refused_with_those_that_are(push: Push) -> None:
    url = f"{push.url}/v1/sessions/{push.session}/audio?version="
    async with connect(url + "2") as socket:
        error, code, _ = await closing(socket)
    assert (error["code"], code) == ("unsupported_version", 1008)
    assert "this server speaks 1" in error["message"]
    async with connect(url + "1") as socket:
        assert (await hear(socket, "hello"))["version"] == 1


async def test_marks_in_sound_are_told_in_the_order_they_are_heard(push: Push) -> None:
    async with push.socket() as socket:
        await socket.send(START)
        # Out of order, at the same place, and behind the end.
        for name, at in (("late", 0.75), ("early", 0.25), ("twin", 0.25), ("beyond", 9.0)):
            await socket.send(json.dumps({"type": "mark", "name": name, "position_s": at}))
        await socket.send(SECOND)
        await socket.send(json.dumps({"type": "mark", "name": "here"}))
        await hear(socket, "buffered")
        await socket.send(json.dumps({"type": "end"}))
        await socket.send(json.dumps({"type": "hello"}))
        await hear(socket, "hello")
        push.voice.play(0.5)
        push.voice.play(2.0)
        told = [await hear(socket, "mark") for _ in range(5)]
    assert [each["name"] for each in told] == ["early", "twin", "late", "here", "beyond"]
    assert [each["position_s"] for each in told] == [0.25, 0.25, 0.75, 1.0, 1.0]


async def test_clear_forgets_what_waits_and_keeps_what_is_spoken(push: Push) -> None:
    async with push.socket() as socket:
        for name in ("now", "next", "last"):
            start = {"type": "start", "sample_rate": 16000, "segment": name}
            await socket.send(json.dumps(start))
            await socket.send(SECOND)
        await hear(socket, "buffered")
        await socket.send(json.dumps({"type": "hello"}))
        await hear(socket, "hello")
        push.voice.play(0.5)
        await socket.send(json.dumps({"type": "clear"}))
        # Of the one that was open more may be on its way: it is passed over.
        await socket.send(SECOND)
        await socket.send('{"type": "end", "segment": "last"}')
        cleared = [await hear(socket, "finished") for _ in range(2)]
        assert [each["segment"] for each in cleared] == ["next", "last"]
        assert all((each["position_s"], each["reason"]) == (0.0, "cleared") for each in cleared)
        push.voice.play(2.0)
        ended = await hear(socket, "finished")
    assert (ended["segment"], ended["position_s"], ended["reason"]) == ("now", 1.0, "spoken")


async def test_more_than_the_protocol_takes_at_all_is_cut_off(push: Push) -> None:
    async with push.socket() as socket:
        with pytest.raises(ConnectionClosed):
            await socket.send(START)
            await socket.send(bytes(40 * MAX_MESSAGE_BYTES))
            await closing(socket)


async def test_a_full_buffer_refuses_a_message_and_keeps_the_socket(push: Push) -> None:
    async with push.socket() as socket:
        await socket.send(START)
        for _ in range(6):
            await socket.send(SECOND)
        error = await hear(socket, "error")
        assert error["code"] == "buffer_full"
        assert error["refused_s"] == 1.0
        assert error["buffered_s"] == pytest.approx(5.0, abs=0.1)
        push.voice.play(3.0)
        await socket.send(SECOND)
        assert (await hear(socket, "buffered"))["seconds"] < 4


async def test_sound_under_way_when_the_page_interrupts_is_no_fault(push: Push) -> None:
    async with push.socket() as socket:
        await socket.send(START)
        await socket.send(SECOND)
        await hear(socket, "buffered")
        push.voice.interrupt()
        await socket.send(SECOND)
        await socket.send('{"type": "end"}')
        assert (await hear(socket, "finished"))["interrupted"]
        assert (await hear(socket, "buffered"))["seconds"] == 0
        await socket.send('{"type": "start", "sample_rate": 16000, "segment": "next"}')
        await socket.send(SECOND)
        await socket.send('{"type": "end", "segment": "next"}')
        await hear(socket, "buffered")
        push.voice.play(5.0)
        assert (await hear(socket, "finished"))["segment"] == "next"


class Flood:
    """A socket whose messages have all come already; `turns` counts the loop's turns meanwhile."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages = [*messages, {"type": "websocket.disconnect"}]

    async def receive(self) -> dict[str, Any]:
        return self._messages.pop(0)

    async def send_text(self, text: str) -> None:
        """Nobody looks."""


@pytest.mark.parametrize(
    ("sounds", "size"), [(400, 2), (1, 400 * SLICE_BYTES // 16)], ids=["many small", "one large"]
)
async def test_what_comes_at_once_leaves_the_loop_its_turns(
    push: Push, sounds: int, size: int
) -> None:
    session = push.app.state.services.manager.get(push.session)
    push.voice.timeline.__init__(120.0)  # type: ignore[misc]
    sound = {"type": "websocket.receive", "bytes": bytes(size)}
    start = {
        "type": "websocket.receive",
        "text": json.dumps({"type": "start", "sample_rate": 8000}),
    }
    socket: Any = Flood(start, *[sound] * sounds)
    serving = asyncio.create_task(PushSocket(socket, session, push.voice).run())
    turns = 0
    while not serving.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 25 * max(1, sounds / 25)
    assert push.voice.buffered_s == pytest.approx(sounds * size / 16000, abs=0.05)


async def test_the_newest_socket_speaks_and_the_older_one_takes_nothing_from_it(push: Push) -> None:
    async with push.socket() as older:
        await older.send('{"type": "start", "sample_rate": 16000, "segment": "first"}')
        await older.send(SECOND)
        await hear(older, "buffered")
        async with push.socket() as newer:
            error, code, _ = await closing(older)
            assert (error["code"], code) == ("replaced", 1008)
            await newer.send('{"type": "start", "sample_rate": 16000, "segment": "second"}')
            await newer.send(SECOND)
            await hear(newer, "buffered")
            await newer.send('{"type": "end", "segment": "second"}')
            # Nothing is left to be heard of it but that the end was taken.
            await newer.send('{"type": "start", "sample_rate": 16000, "segment": "third"}')
            await newer.send(SECOND)
            await hear(newer, "buffered")
            push.voice.play(5.0)
            finished = [(await hear(newer, "finished"))["segment"] for _ in range(2)]
    assert finished == ["first", "second"]


async def test_who_leaves_after_the_page_interrupted_leaves_no_fault(push: Push) -> None:
    class Leaving(Flood):
        async def receive(self) -> dict[str, Any]:
            message = await super().receive()
            if message["type"] == "websocket.disconnect":
                push.voice.interrupt()
            return message

    session = push.app.state.services.manager.get(push.session)
    socket: Any = Leaving({"type": "websocket.receive", "text": START})
    await PushSocket(socket, session, push.voice).run()
    assert push.voice.interrupts == 1


async def test_who_leaves_in_mid_segment_has_ended_it(push: Push) -> None:
    async with push.socket() as socket:
        await socket.send(START)
        await socket.send(SECOND)
        await hear(socket, "buffered")
    async with push.socket() as socket:
        push.voice.play(2.0)
        message = await hear(socket, "finished")
        assert message["position_s"] == pytest.approx(1.0, abs=0.01)


async def test_the_session_ending_closes_the_socket_with_its_reason(push: Push) -> None:
    async with push.socket() as socket:
        await socket.send(START)
        await push.app.state.services.manager.close(push.session)
        gone = await hear(socket, "closed")
        assert gone["reason"] == "the client hung up"
        with pytest.raises(ConnectionClosed) as caught:
            await socket.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001


async def test_who_may_not_push_is_told_why(push: Push) -> None:
    manager = push.app.state.services.manager
    mirror = manager.create(push.backend.made[0].plan.__class__("", "ada", "mirror", 256, 1))
    silent = manager.create(push.backend.made[0].plan.__class__("", "ada", "push", 256, 1))
    for name, code in (
        ("nobody", "unknown_session"),
        (mirror.plan.id, "wrong_voice"),
        (silent.plan.id, "session_closed"),
    ):
        async with connect(f"{push.url}/v1/sessions/{name}/audio") as socket:
            error, closed_with, _ = await closing(socket)
        assert (error["code"], closed_with) == (code, 1008)


async def test_a_page_of_another_site_may_not_push(push: Push) -> None:
    async with push.socket(origin="https://evil.example") as socket:
        error, closed_with, _ = await closing(socket)
    assert (error["code"], closed_with) == ("foreign_origin", 1008)
    own = push.url.replace("ws", "http")
    async with push.socket(origin=own) as socket:
        await socket.send(START)
        await socket.send(SECOND)
        await hear(socket, "buffered")


async def test_no_log_line_has_the_whole_session_id(
    push: Push, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    install_logging(LogSettings())
    try:
        logging.getLogger("uvicorn.error").info("this line is told")
        async with push.socket() as socket:
            await socket.send(START)
            await socket.send(SECOND)
            await hear(socket, "buffered")
    finally:
        root.handlers[0].close()
        root.handlers, root.level = handlers, level
    told = capsys.readouterr().err
    assert "this line is told" in told
    assert push.session not in told


def test_the_client_library_is_not_the_old_one() -> None:
    assert not hasattr(websockets, "legacy") or "legacy" not in connect.__module__


async def test_a_session_that_never_gets_its_media_does_not_hold_the_socket(push: Push) -> None:
    waiting = push.app.state.services.manager.create(
        push.backend.made[0].plan.__class__("", "ada", "push", 256, 1)
    )

    class Told:
        query_params: Mapping[str, str] = {}
        """What was said to the socket."""

        def __init__(self) -> None:
            self.said: list[str] = []
            self.code = 0

        async def send_text(self, text: str) -> None:
            self.said.append(text)

        async def close(self, code: int, reason: str) -> None:
            self.code = code

    told: Any = Told()
    assert await open_push(told, waiting, 0.01) is None
    assert (json.loads(told.said[0])["code"], told.code) == ("no_offer", 1008)
