"""Answers of any OpenAI-compatible chat endpoint, streamed.

Runs on the event loop; one for the server, any number of answers at once.
Never gives more of an answer than `max_letters`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Any

from server.assistant.client import connect, faults_of
from server.assistant.faults import broken
from server.assistant.interfaces import Message

if TYPE_CHECKING:
    from openai import AsyncOpenAI

MAX_TOKENS = 1000


class ChatTalker:
    """`server.assistant.interfaces.Talker` on `/chat/completions`."""

    def __init__(
        self, url: str, model: str, key_env: str | None, timeout_s: float, max_letters: int
    ) -> None:
        self._url, self._model, self._key_env = url, model, key_env
        self._timeout_s, self._max_letters = timeout_s, max_letters
        self._client: AsyncOpenAI | None = None

    async def reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """The answer in pieces. Raises Fault; one that never said it was done is broken."""
        if self._client is None:
            self._client = connect(self._url, self._key_env, self._timeout_s, "llm")
        asked: Any = [dict(each) for each in messages]
        left = self._max_letters
        done = False
        with faults_of("llm", self._timeout_s):
            stream = await self._client.chat.completions.create(
                model=self._model, messages=asked, max_tokens=MAX_TOKENS, stream=True
            )
            async with stream:
                async for chunk in stream:
                    if not chunk.choices:
                        continue
                    done = done or chunk.choices[0].finish_reason is not None
                    text = chunk.choices[0].delta.content
                    if text is None:
                        continue
                    if not isinstance(text, str):
                        raise TypeError("content that is no text")
                    yield text[:left]
                    left -= len(text)
                    if left <= 0:
                        raise broken("llm", f"said more than {self._max_letters} letters: cut")
        if not done:
            raise broken("llm", "broke off in the middle")

    async def aclose(self) -> None:
        """Close connections. Idempotent."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()
