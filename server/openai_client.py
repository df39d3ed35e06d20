"""The official client of an OpenAI-compatible API, bounded and quiet (extra `llm`).

Runs on the event loop; the library is imported with the first client.
Never follows a redirect, retries, or logs what is said.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class NoKey(Exception):
    """The environment variable that is to hold the key holds none; the message says which."""


def key_of(name: str | None) -> str:
    """The key in the environment variable of that name; `none` where none is set. Raises NoKey."""
    # The library wants some key; a local server looks at none.
    key = os.environ.get(name, "") if name else "none"
    if not key:
        raise NoKey(f"environment variable {name} holds no key")
    return key


def connect(url: str, key_env: str | None, timeout_s: float, max_bytes: int) -> AsyncOpenAI:
    """A client for the API at `url` that takes `max_bytes` of one reply as sent.

    Raises NoKey, and ImportError where the extra is not installed.
    """
    import httpx2
    from openai import AsyncOpenAI

    from server.bounded_http import BoundedTransport

    for library in ("openai", "httpx2", "httpcore2"):
        # At "debug" they write texts and headers.
        logging.getLogger(library).setLevel(logging.WARNING)
    key = key_of(key_env)
    # Reading the certificates of the trusted takes a while; plain http needs none.
    secure = url.startswith("https://")
    http = httpx2.AsyncClient(
        verify=secure,
        transport=BoundedTransport(httpx2.AsyncHTTPTransport(verify=secure), max_bytes),
        timeout=timeout_s,
        # The key goes to the address that was set, and nowhere else.
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
    )
    return AsyncOpenAI(
        base_url=url, api_key=key, timeout=timeout_s, max_retries=0, http_client=http
    )
