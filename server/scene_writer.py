"""Asks a language model, once per session, to describe the scene; without one, the template.

Runs on the event loop; the client library is imported with the first question.
Never raises into a session, never waits past its time limit, never logs a prompt or a reply.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from engines.scene.reading import Reader
from engines.scene.reply import INSTRUCTIONS, MAX_REPLY, BadReply, question, read_reply
from engines.scene.template import template_scene
from engines.scene.values import Scene
from server.openai_client import NoKey, connect
from server.settings import SceneSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk

log = logging.getLogger(__name__)
MAX_BYTES = 1 << 20
"""Of a reply as sent: each token of a stream comes in an envelope of 200 to 400 bytes."""
_MAX_TOKENS = 600
NO_MODEL = "this server has no language model"


@dataclass(frozen=True, slots=True)
class WrittenScene:
    """A scene and where it is from."""

    scene: Scene
    source: Literal["llm", "template"]
    notice: str | None = None
    """For the client, when no model served: why, in a few words."""


class _Refused(Exception):
    """The model gave nothing usable; the message is the notice."""


class SceneWriter:
    """Writes the scene of each session. One for the server; sessions may ask at once."""

    def __init__(self, settings: SceneSettings, reader: Reader) -> None:
        self._settings = settings
        self._reader = reader
        self._client: AsyncOpenAI | None = None

    async def __aenter__(self) -> SceneWriter:
        """Nothing is opened before the first question."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """As `close`."""
        await self.close()

    async def close(self) -> None:
        """Close connections. Idempotent."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def write(self, attributes: Mapping[str, str], prompt: str) -> WrittenScene:
        """The scene for an avatar's attributes and a system prompt (either may be empty).

        Takes at most `scene.timeout_s`; cancel it when the session ends. Never raises but for
        cancellation.
        """
        if self._settings.llm_url is None:
            return WrittenScene(self._template(attributes, prompt), "template", NO_MODEL)
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                text = await self._ask(question(attributes, prompt))
            return WrittenScene(read_reply(text), "llm")
        except TimeoutError:
            notice = f"no scene from the language model within {self._settings.timeout_s:g} s"
        except (_Refused, BadReply) as error:
            notice = f"no scene from the language model: {error}"
        log.warning("scene from the template", extra={"reason": notice})
        return WrittenScene(self._template(attributes, prompt), "template", notice)

    def _template(self, attributes: Mapping[str, str], prompt: str) -> Scene:
        return template_scene(attributes, prompt, self._reader)

    async def _ask(self, message: str) -> str:
        try:
            import openai
        except ImportError as error:
            raise _Refused("the extra `llm` is not installed") from error
        try:
            client = self._client = self._client or _connect(self._settings)
            stream = await client.chat.completions.create(
                model=self._settings.llm_model,
                messages=[
                    {"role": "system", "content": INSTRUCTIONS},
                    {"role": "user", "content": message},
                ],
                max_tokens=_MAX_TOKENS,
                temperature=0.3,
                stream=True,
            )
            async with stream:
                return await _collect(stream)
        except openai.APITimeoutError as error:
            raise TimeoutError from error
        except openai.APIStatusError as error:
            raise _Refused(f"it answered {error.status_code}") from error
        except openai.APIConnectionError as error:
            raise _Refused("no whole reply came") from error
        except (openai.OpenAIError, ValueError, TypeError, LookupError, AttributeError) as error:
            # The library builds its models unchecked: a reply of another shape fails in many ways.
            raise _Refused(f"it was not understood ({type(error).__name__})") from error


async def _collect(stream: AsyncStream[ChatCompletionChunk]) -> str:
    """The text of a streamed reply, but a little more than MAX_REPLY at most."""
    parts: list[str] = []
    size = 0
    async for chunk in stream:
        if not chunk.choices:
            continue
        text = chunk.choices[0].delta.content
        if text is None:
            continue
        if not isinstance(text, str):
            raise TypeError("content that is no text")
        parts.append(text)
        size += len(text)
        if size > MAX_REPLY:
            break
    return "".join(parts)


def _connect(settings: SceneSettings) -> AsyncOpenAI:
    try:
        return connect(str(settings.llm_url), settings.llm_key_env, settings.timeout_s, MAX_BYTES)
    except NoKey as error:
        raise _Refused(str(error)) from error
