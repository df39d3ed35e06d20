"""The avatars a session may use, loaded off the loop and kept.

Runs on the event loop; reading files happens on a thread of its own named `loader`.
Never builds a path from what a client sent: a name is looked up among the known ones.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.avatars.bundle import AvatarError
from server.errors import ApiError
from server.settings_section import SettingsError

log = logging.getLogger(__name__)
KEEP = 8
"""Loaded avatars kept in memory; one is some ten megabytes."""
PORTRAIT_QUALITY = 88


class Info(Protocol):
    """What is known of an avatar without loading it."""

    @property
    def name(self) -> str:
        """Its name in the API."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def paste(self) -> Mapping[str, float]:
        """How much of what the renderer's nets draw is shown, by kind of box."""

    @property
    def credit(self) -> str:
        """Who made it, under which licence."""

    @property
    def folder(self) -> Path:
        """Where its files are."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """What scene text may say of the person; empty for users' avatars."""


class Store(Protocol):
    """Where avatars lie: `engines.avatars.store.AvatarStore`, or a fake."""

    def names(self) -> list[str]:
        """Every name, sorted."""

    def info(self, name: str) -> Info:
        """What is known of one without loading it."""

    def load(self, name: str) -> Any:
        """The avatar itself; has `portrait`, u8[H,W,3] BGR."""


def default_avatar(store: Store, default: str | None) -> str:
    """The avatar of a client that does not choose: `default`, or the first by name.

    Raises SettingsError when there is none, or none of that name.
    """
    names = store.names()
    if not names:
        raise SettingsError("avatars.folders: there is no avatar in them; reinstall, or add one")
    if default is not None and default not in names:
        raise SettingsError(f"avatars.default: got {default!r}, wanted one of {', '.join(names)}")
    return default or names[0]


class Gallery:
    """Names, portraits and loaded avatars."""

    def __init__(self, store: Store, default: str | None) -> None:
        """Raises SettingsError when there is no avatar, or none of the name `default`."""
        self._store = store
        self.default = default_avatar(store, default)
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="loader")
        self._loaded: OrderedDict[str, asyncio.Future[Any]] = OrderedDict()
        self._portraits: dict[str, bytes] = {}

    def infos(self) -> Sequence[Info]:
        """Every avatar that can be read, sorted by name; a damaged one must not hide the rest."""
        found = []
        for name in self._store.names():
            try:
                found.append(self._store.info(name))
            except AvatarError as error:
                log.warning("avatar left out of the list: %s", error, extra={"avatar": name})
        return found

    def check(self, name: str | None) -> str:
        """The avatar meant by `name` (None: the default). Raises ApiError 404."""
        if name is None:
            return self.default
        if name not in self._store.names():
            raise ApiError(
                404,
                "unknown_avatar",
                f"no avatar is named {ascii(name[:64])}",
                "see GET /v1/avatars for the names",
            )
        return name

    def folder(self, name: str) -> Path:
        """Where its files are. Raises ApiError 404 (unknown) or 500 (damaged)."""
        try:
            return self._store.info(self.check(name)).folder
        except AvatarError as error:
            log.warning("avatar cannot be read: %s", error, extra={"avatar": name})
            hint = "choose another; the server's log says what is wrong with it"
            raise ApiError(500, "damaged_avatar", "this avatar cannot be read", hint) from error

    async def load(self, name: str) -> Any:
        """The avatar. Raises ApiError 404 (unknown) or 500 (damaged; the log has the remedy)."""
        name = self.check(name)
        future = self._loaded.get(name)
        if future is None:
            loop = asyncio.get_running_loop()
            future = loop.run_in_executor(self._loader, self._store.load, name)
            self._loaded[name] = future
        self._loaded.move_to_end(name)
        while len(self._loaded) > KEEP:
            self._loaded.popitem(last=False)
        try:
            return await asyncio.shield(future)
        except Exception as error:  # whatever is wrong with its files; said in the log and the API
            self._loaded.pop(name, None)
            log.exception("avatar cannot be loaded", extra={"avatar": name})
            raise ApiError(
                500,
                "damaged_avatar",
                "this avatar cannot be loaded",
                "choose another; the server's log says what is wrong with it",
            ) from error

    async def portrait(self, name: str) -> bytes:
        """Its portrait as JPEG. Raises what `load` raises."""
        name = self.check(name)
        if name not in self._portraits:
            avatar = await self.load(name)
            loop = asyncio.get_running_loop()
            self._portraits[name] = await loop.run_in_executor(
                self._loader, encode_portrait, avatar.portrait
            )
        return self._portraits[name]

    def forget(self, name: str) -> None:
        """Its files have changed or are gone: the next to ask gets them anew."""
        self._loaded.pop(name, None)
        self._portraits.pop(name, None)

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """The result of `work(*args)` on the loader thread."""
        return await asyncio.get_running_loop().run_in_executor(self._loader, work, *args)

    def close(self) -> None:
        """End the loader thread. Idempotent."""
        self._loader.shutdown(wait=True, cancel_futures=True)


def encode_portrait(image: NDArray[np.uint8]) -> bytes:
    """u8[H,W,3] BGR as JPEG. Raises ValueError when it cannot be encoded."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, PORTRAIT_QUALITY])
    if not done:
        raise ValueError(f"a portrait of shape {image.shape} cannot be written as JPEG")
    return data.tobytes()
