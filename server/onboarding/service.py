"""What the routes do with photos: look, make, remove; one at a time on a thread of its own.

Called on the event loop; all work runs on the thread `photos`, which yields to live sessions.
Never keeps a photo longer than its request, never works for more than a few at a time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from engines.avatars.bundle import AvatarError, AvatarInfo
from engines.avatars.consent import BadConsent, give
from engines.avatars.fit import BadPortrait
from engines.avatars.inspection import Inspection, remark
from engines.avatars.intake import BadImage
from engines.avatars.looking import Finder
from engines.avatars.onboard import Onboarder, Progress, Step
from engines.avatars.preview import SHORT_MARK
from engines.avatars.shelf import Shelf, ShelfError, name_from
from engines.face.finder import BadFace
from engines.face.loader import load_finder
from engines.render.mark import MarkStyle
from engines.render.nets import RendererNets
from server.errors import ApiError
from server.gallery import Gallery
from server.onboarding.forms import BadForm, Form, read_form

log = logging.getLogger(__name__)
T = TypeVar("T")
MAX_WAITING = 3
"""Requests that may wait for the thread, the running one among them."""
NICENESS = 10
"""A photo may take a little longer; a picture of a live session may not."""
FIELDS = frozenset({"name", "title", "consent_statement", "consent_by", "face"})
CHECKED = frozenset({"face"})
QUEUED = Step("waiting", "Waiting for the photos before this one", 0.0)
STATUS = {
    "image_too_large": 413, "image_kind": 415, "no_image": 415,
    "name_taken": 409, "too_many_avatars": 409, "no_room": 409,
    "built_in": 403, "unknown_avatar": 404, "disk_full": 507,
}  # fmt: skip
"""Status of each code; 422 for all others."""


class Abandoned(Exception):
    """Nobody waits for this avatar any more."""


class Claim:
    """Who came first: the work that was done, or the client that left. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.taken = False

    def take(self) -> bool:
        """Whether nobody had before."""
        with self._lock:
            first, self.taken = not self.taken, True
        return first


class Maker:
    """Makes, checks and removes avatars of users."""

    def __init__(
        self,
        gallery: Gallery,
        shelf: Shelf,
        timeout_s: float,
        load_finder: Callable[[], Finder] = load_finder,
        mark: MarkStyle | None = SHORT_MARK,
        load_nets: Callable[[], RendererNets | None] = lambda: None,
    ) -> None:
        """`mark`: what the films of new avatars carry in their pixels; None: nothing.

        `load_nets`: the renderer's, tried on each photo.
        """
        self.shelf = shelf
        self._gallery = gallery
        self._timeout_s = timeout_s
        self._load_finder = load_finder
        self._mark = mark
        self._load_nets = load_nets
        self._onboarder: Onboarder | None = None
        self._waiting = 0
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="photos", initializer=yielding)

    async def create(
        self, content_type: str, body: bytes, on_step: Callable[[Step], Any] = lambda step: None
    ) -> AvatarInfo:
        """An avatar of the form's photo; `on_step` is told on the loop. Raises ApiError.

        Cancelled or timed out, the work ends at its next step and nothing is kept.
        """
        claim = Claim()
        loop = asyncio.get_running_loop()

        def watch(step: Step) -> None:
            if claim.taken:
                raise Abandoned(step.code)
            loop.call_soon_threadsafe(on_step, step)

        def work() -> AvatarInfo:
            info = self._make(_form(content_type, body, FIELDS), watch)
            if not claim.take():
                # Between its last step and its place on the shelf nobody could stop it.
                self.shelf.remove(info.name)
                raise Abandoned(info.name)
            return info

        if 0 < self._waiting < MAX_WAITING:
            on_step(QUEUED)
        info = await self._run(work, claim)
        self._gallery.forget(info.name)
        log.info("avatar is made", extra={"avatar": info.name})
        return info

    def _make(self, form: Form, watch: Progress) -> AvatarInfo:
        """On the thread."""
        texts, image = form.texts, form.files["image"]
        consent = give(texts.get("consent_statement", ""), texts.get("consent_by", ""), image)
        title = texts.get("title", "").strip() or texts.get("name", "").title() or "Portrait"
        name = texts.get("name") or self.shelf.free_name(name_from(title))
        return self._ready().create(
            image, name=name, title=title, consent=consent, face=_face(form), on_progress=watch
        )

    async def check(self, content_type: str, body: bytes) -> Inspection:
        """What is seen in the form's photo. Raises ApiError."""

        def work() -> Inspection:
            form = _form(content_type, body, CHECKED)
            return self._ready().inspect(form.files["image"], _face(form))

        return await self._run(work, Claim())

    async def sweep(self) -> None:
        """Delete what a server that was killed in mid-work left behind."""
        await asyncio.get_running_loop().run_in_executor(self._worker, self.shelf.sweep)

    def close(self) -> None:
        """End the thread. Idempotent."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    async def remove(self, name: str) -> None:
        """Delete it and all that is kept of it. Raises ApiError."""
        await self._run(lambda: self.shelf.remove(name), Claim())
        self._gallery.forget(name)
        log.info("avatar is removed", extra={"avatar": name})

    def _ready(self) -> Onboarder:
        """On the thread: the nets are read when the first photo comes."""
        if self._onboarder is None:
            nets = self._load_nets()
            self._onboarder = Onboarder(self._load_finder(), self.shelf, self._mark, nets)
        return self._onboarder

    async def _run(self, work: Callable[[], T], claim: Claim) -> T:
        if self._waiting >= MAX_WAITING:
            raise ApiError(
                503,
                "busy",
                "other photos are being worked on",
                "try again in 5 s",
                headers={"Retry-After": "5"},
            )
        self._waiting += 1
        loop = asyncio.get_running_loop()
        running = asyncio.ensure_future(loop.run_in_executor(self._worker, _translated, work))
        # Counted until the thread is done with it, also when nobody waits any more.
        running.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._timeout_s):
                result: T = await asyncio.shield(running)
                return result
        except TimeoutError as error:
            if not claim.take():
                late: T = await running
                return late
            raise ApiError(
                503,
                "too_slow",
                "the server is too busy for this now",
                "try again in a minute",
                headers={"Retry-After": "60"},
            ) from error
        finally:
            claim.take()

    def _done(self, running: asyncio.Future[Any]) -> None:
        self._waiting -= 1
        if not running.cancelled():
            running.exception()  # Looked at, so that an abandoned one is not reported as lost.


def yielding() -> None:
    """The calling thread, not the process, gets less of the CPU (Linux has it by thread)."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        # Never less nice than it is: that would need a right.
        nice = max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread))
        os.setpriority(os.PRIO_PROCESS, thread, nice)


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
        hint = "send it as the field consent_statement, and who gives it as consent_by"
        raise ApiError(422, "bad_consent", str(error), hint) from error
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


def _face(form: Form) -> int | None:
    """Index of the face meant. Raises BadForm."""
    text = form.texts.get("face", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise BadForm("the field face is no index of a face, 0 or more")
    return int(text)


def _form(content_type: str, body: bytes, fields: frozenset[str]) -> Form:
    form = read_form(content_type, body)
    strange = (form.texts.keys() - fields) | (form.files.keys() - {"image"})
    if strange:
        raise BadForm(f"there is no field {min(strange)[:40]}")
    if "image" not in form.files:
        raise BadForm("there is no file in the field image")
    return form
