"""The client of an OpenAI-compatible API (`server.openai_client`), its errors as Faults.

Runs on the event loop; the client library is imported with the first question.
Never follows a redirect, retries, or logs what is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from server import openai_client
from server.assistant.faults import Fault, broken, late, refused, retry_after

if TYPE_CHECKING:
    from openai import AsyncOpenAI

MAX_BYTES = 4 << 20
"""Of one reply as sent: each token of a stream comes in an envelope of 200 to 400 bytes."""


def key_of(name: str | None, part: str) -> str:
    """The key in the environment variable of that name. Raises Fault when it holds none."""
    try:
        return openai_client.key_of(name)
    except openai_client.NoKey as error:
        raise _keyless(part, error) from error


def connect(url: str, key_env: str | None, timeout_s: float, part: str) -> AsyncOpenAI:
    """A client for `url`. Raises Fault: no library, no key."""
    try:
        return openai_client.connect(url, key_env, timeout_s, MAX_BYTES)
    except ImportError as error:
        hint = "install synchrorama-live[llm] on the server"
        raise Fault(f"{part}_missing", "the extra `llm` is not installed", hint) from error
    except openai_client.NoKey as error:
        raise _keyless(part, error) from error


def _keyless(part: str, error: openai_client.NoKey) -> Fault:
    return Fault(f"{part}_unauthorized", str(error), "set it where the server is started")


@contextmanager
def faults_of(part: str, timeout_s: float) -> Iterator[None]:
    """Turns what the client library raises into a Fault."""
    import openai

    try:
        yield
    except (Fault, asyncio.CancelledError, GeneratorExit):
        raise
    except openai.APITimeoutError as error:
        raise late(part, timeout_s) from error
    except openai.APIStatusError as error:
        wait = retry_after(error.response.headers)
        raise refused(part, error.status_code, wait) from error
    except openai.APIConnectionError as error:
        raise broken(part, "could not be reached") from error
    except openai.APIError as error:
        # Within a stream the API tells its errors in events.
        raise broken(part, "told of an error while it answered") from error
    except (openai.OpenAIError, ValueError, TypeError, LookupError, AttributeError) as error:
        # The library builds its models unchecked: a reply of another shape fails in many ways.
        raise broken(part, f"was not understood ({type(error).__name__})") from error
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("httpx2", "httpcore2"):
            raise
        # A stream that ends in its middle is told by the transport, not by the library.
        raise broken(part, "broke off in the middle") from error
