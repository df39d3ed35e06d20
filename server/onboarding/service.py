"""What the routes do with photos: look, make, remove; one at a time on the loader thread.

Called on the event loop; all work runs on the gallery's loader thread.
Never keeps a photo longer than its request, never works for more than a few at a time.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from engines.avatars.bundle import AvatarError, AvatarInfo
from engines.avatars.consent import EXAMPLE, BadConsent, give
from engines.avatars.fit import BadPortrait
from engines.avatars.intake import BadImage
from engines.avatars.onboard import Finder, Inspection, Onboarder, remark
from engines.avatars.shelf import Shelf, ShelfError, name_from
from engines.face.finder import BadFace, FaceFinder
from server.errors import ApiError
from server.gallery import Gallery
from server.onboarding.forms import BadForm, Form, read_form

log = logging.getLogger(__name__)
T = TypeVar("T")
MAX_WAITING = 3
"""Requests that may wait for the loader thread, the running one among them."""
FIELDS = frozenset({"name", "title", "consent_statement", "consent_by"})
STATUS = {
    "image_too_large": 413, "image_kind": 415, "no_image": 415,
    "name_taken": 409, "too_many_avatars": 409, "no_room": 409,
    "built_in": 403, "unknown_avatar": 404, "disk_full": 507,
}  # fmt: skip
"""Status of each code; 422 for all others."""


class Abandoned(Exception):
    """Nobody waits for this avatar any more."""


class Maker:
    """Makes, checks and removes avatars of users."""

    def __init__(
        self,
        gallery: Gallery,
        shelf: Shelf,
        timeout_s: float,
        load_finder: Callable[[], Finder] = FaceFinder.load,
    ) -> None:
        self.shelf = shelf
        self._gallery = gallery
        self._timeout_s = timeout_s
        self._load_finder = load_finder
        self._onboarder: Onboarder | None = None
        self._waiting = 0

    async def create(self, content_type: str, body: bytes) -> AvatarInfo:
        """An avatar of the form's photo. Raises ApiError."""
        left = threading.Event()

        def watch(step: str, share: float) -> None:
            if left.is_set():
                raise Abandoned(step)

        def work() -> AvatarInfo:
            form = _form(content_type, body, FIELDS)
            texts = form.texts
            image = form.files["image"]
            consent = give(texts.get("consent_statement", ""), texts.get("consent_by", ""), image)
            title = texts.get("title", "").strip() or texts.get("name", "").title() or "Portrait"
            name = texts.get("name") or self.shelf.free_name(name_from(title))
            return self._ready().create(
                image, name=name, title=title, consent=consent, on_progress=watch
            )

        info = await self._run(work, left)
        self._gallery.forget(info.name)
        log.info("avatar is made", extra={"avatar": info.name})
        return info

    async def check(self, content_type: str, body: bytes) -> Inspection:
        """What is seen in the form's photo. Raises ApiError."""

        def work() -> Inspection:
            form = _form(content_type, body, FIELDS)
            return self._ready().inspect(form.files["image"])

        return await self._run(work, threading.Event())

    async def remove(self, name: str) -> None:
        """Delete it and all that is kept of it. Raises ApiError."""
        await self._run(lambda: self.shelf.remove(name), threading.Event())
        self._gallery.forget(name)
        log.info("avatar is removed", extra={"avatar": name})

    def _ready(self) -> Onboarder:
        """On the loader thread: the nets are read when the first photo comes."""
        if self._onboarder is None:
            self._onboarder = Onboarder(self._load_finder(), self.shelf)
        return self._onboarder

    async def _run(self, work: Callable[[], T], left: threading.Event) -> T:
        if self._waiting >= MAX_WAITING:
            raise ApiError(
                503,
                "busy",
                "other photos are being worked on",
                "try again in 5 s",
                headers={"Retry-After": "5"},
            )
        self._waiting += 1
        running = asyncio.ensure_future(self._gallery.run(_translated, work))
        # Counted until the thread is done with it, also when nobody waits any more.
        running.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._timeout_s):
                result: T = await asyncio.shield(running)
                return result
        except TimeoutError as error:
            raise ApiError(
                503, "too_slow", "the server is too busy for this now", "try again in a minute"
            ) from error
        finally:
            left.set()

    def _done(self, running: asyncio.Future[Any]) -> None:
        self._waiting -= 1
        if not running.cancelled():
            running.exception()  # Looked at, so that an abandoned one is not reported as lost.


def _translated(work: Callable[[], T]) -> T:
    """`work()`, its errors as the API tells them."""
    try:
        return work()
    except BadForm as error:
        hint = "send multipart/form-data with the field image, as a browser's FormData does"
        raise ApiError(400, "bad_form", str(error), hint) from error
    except BadImage as error:
        what = f"{error.what}: got {error.got}, wanted {error.wanted}"
        raise ApiError(STATUS.get(error.code, 422), error.code, what, error.remedy) from error
    except ShelfError as error:
        status = STATUS.get(error.code, 422)
        raise ApiError(status, error.code, error.what, error.remedy) from error
    except BadConsent as error:
        raise ApiError(422, "bad_consent", str(error), f"for example: {EXAMPLE}") from error
    except (BadFace, BadPortrait) as error:
        told = remark(error)
        raise ApiError(422, told.code, told.message, told.remedy) from error
    except Abandoned as error:
        raise ApiError(503, "too_slow", "nobody waited for this avatar") from error
    except (AvatarError, OSError) as error:
        log.exception("an avatar could not be kept")
        raise ApiError(
            500, "not_kept", "the avatar could not be kept", "the server's log says why"
        ) from error


def _form(content_type: str, body: bytes, fields: frozenset[str]) -> Form:
    form = read_form(content_type, body)
    strange = (form.texts.keys() - fields) | (form.files.keys() - {"image"})
    if strange:
        raise BadForm(f"there is no field {min(strange)[:40]}")
    if "image" not in form.files:
        raise BadForm("there is no file in the field image")
    return form
