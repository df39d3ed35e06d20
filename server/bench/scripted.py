"""A provider for benches and tests: OpenAI's chat, transcriptions, speech and Realtime, scripted.

A process of its own (`python -m server.bench.scripted --port N`), on loopback.
Never thinks: the asked model's name says how it answers, well or badly.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gzip
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.bench.sounds import burst

RATE_HZ = 24_000
WORD_S = 0.24
"""Length of a spoken word: a vowel and a gap."""
STATUS = {"denied": 401, "busy": 429, "soon": 429, "broken": 500, "gone": 404}
"""Model -> the status it is refused with."""
LONG = "This sentence is one of a great many that all say the same. " * 1800
"""100 kB."""
SILENT_S = 60.0
LOUD = 0.02
"""Level from which the Realtime part takes sound for speech."""
REPLY = "Answer {n} has begun, and it goes on for a while. Then it ends."


class Script:
    """What was asked so far, and the state of models that answer anew each time."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.count = 0

    def note(self, **what: Any) -> int:
        """Remember a question; which one it is."""
        self.count += 1
        self.seen.append(what)
        del self.seen[:-1000]
        return self.count


def said(text: str, rate_hz: int = RATE_HZ) -> bytes:
    """`text` as PCM16: a vowel for each word."""
    vowel = burst(rate_hz)
    word = np.zeros(round(WORD_S * rate_hz), np.float32)
    word[: len(vowel)] = vowel
    sound = np.tile(word, max(1, len(text.split())))
    return (sound * 32767 * 0.6).astype("<i2").tobytes()


def chunk(text: str | None, finish: str | None = None) -> bytes:
    """One server-sent event of a streamed chat answer."""
    delta = {} if text is None else {"role": "assistant", "content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**body, "choices": [choice]}).encode() + b"\n\n"


async def written(model: str, number: int) -> AsyncIterator[bytes]:
    """An answer as the model of that name streams it."""
    if model == "silent":
        await asyncio.sleep(SILENT_S)
    elif model == "odd":
        yield b'data: {"choices": [{"delta": 5}]}\n\ndata: {"choices": 7}\n\n'
    elif model == "garbage":
        yield b"data: {{{ not json\n\n"
    elif model == "told":
        yield b'data: {"error": {"message": "overloaded", "code": 503}}\n\n'
    else:
        text = {"long": LONG, "empty": "", "half": "Half of an answer was. "}.get(
            model, REPLY.format(n=number)
        )
        for at in range(0, len(text), 8):
            yield chunk(text[at : at + 8])
        if model != "half":
            yield chunk(None, "stop")
            yield b"data: [DONE]\n\n"


def refusal(model: str) -> Response | None:
    """How a model that refuses does it."""
    if model not in STATUS:
        return None
    headers = {"busy": {"Retry-After": "7"}, "soon": {"Retry-After": "0"}}.get(model, {})
    return JSONResponse({"error": {"message": "no"}}, STATUS[model], headers)


class Provider:
    """The handlers of one provider."""

    def __init__(self, script: Script) -> None:
        self._script = script

    async def chat(self, request: Request) -> Response:
        """`/chat/completions`, streamed."""
        asked = await request.json()
        key = request.headers.get("authorization")
        number = self._script.note(kind="chat", key=key, asked=asked)
        model = asked["model"]
        if (refused := refusal(model)) is not None:
            return refused
        if model == "page":
            return Response("<html>login</html>", media_type="text/html")
        if model == "bomb":
            body = gzip.compress(b"data: " + bytes(10_000_000))
            return Response(body, headers={"Content-Encoding": "gzip"})
        return StreamingResponse(written(model, number), media_type="text/event-stream")

    async def transcribe(self, request: Request) -> Response:
        """`/audio/transcriptions`."""
        body = await request.body()
        found = [name for name in ("none", "odd", "silent", *STATUS) if _asks(body, name)]
        model = found[0] if found else "good"
        seconds = round(max(0.0, (len(body) - 700) / 32_000), 1)
        number = self._script.note(kind="transcription", model=model, seconds=seconds)
        if (refused := refusal(model)) is not None:
            return refused
        if model == "silent":
            await asyncio.sleep(SILENT_S)
        if model == "odd":
            return JSONResponse({"text": 5})
        return JSONResponse({"text": "" if model == "none" else f"This was turn {number}."})

    async def speech(self, request: Request) -> Response:
        """`/audio/speech`, as PCM."""
        asked = await request.json()
        self._script.note(kind="speech", text=asked["input"])
        if (refused := refusal(asked["model"])) is not None:
            return refused
        return Response(said(asked["input"]), media_type="audio/pcm")

    async def seen(self, request: Request) -> Response:
        """What was asked so far."""
        return JSONResponse(self._script.seen)

    async def realtime(self, socket: WebSocket) -> None:
        """`/realtime`."""
        model = socket.query_params.get("model", "")
        key = socket.headers.get("authorization")
        self._script.note(kind="realtime", key=key, model=model)
        if (refused := refusal(model)) is not None:
            await socket.send_denial_response(refused)
            return
        await socket.accept()
        try:
            await RealtimeSide(socket, model, self._script).run()
        except WebSocketDisconnect:
            self._script.note(kind="hung up")


def make_app() -> Starlette:
    """The provider's app."""
    provider = Provider(Script())
    return Starlette(
        routes=[
            Route("/v1/chat/completions", provider.chat, methods=["POST"]),
            Route("/v1/audio/transcriptions", provider.transcribe, methods=["POST"]),
            Route("/v1/audio/speech", provider.speech, methods=["POST"]),
            Route("/seen", provider.seen),
            WebSocketRoute("/v1/realtime", provider.realtime),
        ]
    )


def _asks(body: bytes, name: str) -> bool:
    """Whether a form asks for the model of that name."""
    return b'name="model"\r\n\r\n' + name.encode() + b"\r\n" in body


class RealtimeSide:
    """The server's side of one Realtime session: its own detector of speech, and answers."""

    def __init__(self, socket: WebSocket, model: str, script: Script) -> None:
        self._socket = socket
        self._old = model == "beta"
        self._model = model
        self._script = script
        self._loud = self._quiet = 0
        self._speaking = False
        self._items = 0

    async def run(self) -> None:
        """Until the client goes."""
        await self._send("session.created", session={})
        while True:
            event = json.loads(await self._socket.receive_text())
            kind = event.get("type")
            if kind == "input_audio_buffer.append":
                await self._hear(base64.b64decode(event["audio"]))
                continue
            self._script.note(kind=kind, event=event)
            if kind == "session.update":
                await self._send("session.updated", session=event["session"])
                if self._model == "malformed":
                    await self._socket.send_text("{ not json")
                    await self._send("response.output_audio.delta", item_id=5, delta="***")
                if self._model == "dies":
                    await self._socket.close(1011)
                    raise WebSocketDisconnect(1011)
            elif kind == "response.create":
                await self._answer()

    async def _hear(self, pcm: bytes) -> None:
        sound = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        loud = bool(len(sound)) and float(np.sqrt(np.mean(np.square(sound)))) > LOUD
        length = len(sound) * 1000 // RATE_HZ
        self._loud, self._quiet = (self._loud + length, 0) if loud else (0, self._quiet + length)
        if not self._speaking and self._loud >= 80:
            self._speaking = True
            self._script.note(kind="speech_started")
            await self._send("input_audio_buffer.speech_started", item_id=f"v{self._items}")
        elif self._speaking and self._quiet >= 500:
            self._speaking = False
            await self._send("input_audio_buffer.speech_stopped")
            name = "conversation.item.input_audio_transcription.completed"
            await self._send(name, item_id=f"v{self._items}", transcript="This was a turn.")
            await self._answer()

    async def _answer(self) -> None:
        self._items += 1
        item, text = f"item-{self._items}", REPLY.format(n=self._items)
        answer = {"id": f"r{self._items}"}
        await self._send("response.created", response=answer)
        if self._model == "failing":
            details = {"error": {"code": "rate_limit_exceeded"}}
            failed = {**answer, "status": "failed", "status_details": details}
            await self._send("response.done", response=failed)
            return
        name = "response.audio" if self._old else "response.output_audio"
        await self._send(f"{name}_transcript.delta", item_id=item, delta=text)
        pcm = said(text)
        step = RATE_HZ // 5 * 2
        for at in range(0, len(pcm), step):
            delta = base64.b64encode(pcm[at : at + step]).decode()
            await self._send(f"{name}.delta", item_id=item, content_index=0, delta=delta)
        await self._send(f"{name}.done", item_id=item, content_index=0)
        await self._send("response.done", response={**answer, "status": "completed"})

    async def _send(self, kind: str, **more: Any) -> None:
        await self._socket.send_text(json.dumps({"type": kind, **more}))


def main() -> None:
    """Serve until killed; says `ready` on its output once it listens."""
    parser = argparse.ArgumentParser(description="A scripted provider for benches and tests.")
    parser.add_argument("--port", type=int, required=True)
    config = uvicorn.Config(
        make_app(),
        host="127.0.0.1",
        port=parser.parse_args().port,
        ws="websockets-sansio",
        log_level="error",
        lifespan="off",
    )
    server = uvicorn.Server(config)
    startup = server.startup

    async def announced(sockets: list[Any] | None = None) -> None:
        await startup(sockets)
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    server.startup = announced  # type: ignore[method-assign]
    server.run()


if __name__ == "__main__":
    main()
