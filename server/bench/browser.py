"""A headless Chromium with a WAV as its microphone, and the measuring page in it.

Runs in the bench's process; the page is put into the server's own origin by the browser's request
interception, so that the server serves nothing for the bench.
Never judges: hands over what the page recorded.
"""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from server.bench.analyse import Recording, Report, Shown
from server.bench.needs import BenchError, find_browser, need

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Route

PREFIX = "/__bench__/"
PAGE_FOLDER = Path(__file__).parent / "page"
CLIENT_FOLDER = Path(__file__).parents[2] / "web_client"
CONNECT_TIMEOUT_MS = 20_000

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    # A page put in by interception has no address: its websocket to loopback would be refused.
    "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
)


def resource(path: str) -> Path | None:
    """The file behind a URL path of the measuring page, or None when there is none."""
    if not path.startswith(PREFIX):
        return None
    rest = path.removeprefix(PREFIX) or "index.html"
    folder, name = PAGE_FOLDER, rest
    if rest.startswith("client/"):
        folder, name = CLIENT_FOLDER, rest.removeprefix("client/")
    found = (folder / name).resolve()
    return found if found.is_relative_to(folder.resolve()) and found.is_file() else None


class Measurer:
    """The measuring page: one connection at a time."""

    def __init__(self, context: BrowserContext, url: str, buffer_ms: int = 0) -> None:
        """`buffer_ms`: least depth of the browser's jitter buffers; 0 leaves them to it."""
        self._context = context
        self._url = url
        self._buffer_ms = buffer_ms
        self._page: Page | None = None
        self.version = context.browser.version if context.browser else ""
        self.problems: list[str] = []
        self._raw: list[dict[str, Any]] = []

    async def connect(self, wishes: dict[str, Any]) -> dict[str, Any]:
        """Open a fresh page and connect; return {click_ms, live_ms, first_ms, session}.

        Raises BenchError when no picture came.
        """
        from playwright.async_api import Error

        await self.hang_up()
        self._page = page = await self._context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        await page.route(f"**{PREFIX}**", _serve)
        await page.goto(f"{self._url}{PREFIX}")
        await page.wait_for_function("globalThis.bench !== undefined")
        # Interception would cost every later request some milliseconds.
        await page.unroute_all()
        asked = {
            "server": self._url,
            "wishes": wishes,
            "timeout_ms": CONNECT_TIMEOUT_MS,
            "buffer_ms": self._buffer_ms,
        }
        try:
            found: dict[str, Any] = await page.evaluate("asked => bench.connect(asked)", asked)
        except Error as error:
            raise BenchError(f"the page did not connect: {error.message}") from error
        return found

    async def collect(self) -> None:
        """Move what the page recorded here. Call each second or so."""
        self._raw.append(await self._evaluate("bench.take()"))

    async def stats(self) -> dict[str, Any]:
        """The rows of getStats that matter, by name."""
        found: dict[str, Any] = await self._evaluate("bench.stats()")
        return found

    async def state(self) -> str:
        """State of the product's client: `live` while all is well."""
        return str(await self._evaluate("bench.state()"))

    async def interruptions(self, count: int) -> list[dict[str, float | None]]:
        """Speak and be interrupted so often, in a push session: ms to silence and closed mouth."""
        from playwright.async_api import Error

        try:
            found: list[dict[str, float | None]]
            found = await self._evaluate(f"bench.interruptions({count})")
        except Error as error:
            raise BenchError(f"speech was not interrupted: {error.message}") from error
        return found

    async def hang_up(self) -> None:
        """Close the connection and the page; idempotent."""
        page, self._page = self._page, None
        if page is not None:
            await page.evaluate("bench.close()")
            await page.close()

    def taken(self) -> tuple[Recording, dict[str, list[Any]]]:
        """Everything collected since the last call: as recording, and raw for the JSON."""
        raw, self._raw = merge(self._raw), []
        return recording(raw), raw

    async def _evaluate(self, code: str) -> Any:
        if self._page is None:
            raise BenchError("the measuring page is not connected")
        return await self._page.evaluate(code)


async def _serve(route: Route) -> None:
    path = resource(urlsplit(route.request.url).path)
    if path is None:
        await route.fulfill(status=404, body="no such file of the bench")
        return
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    await route.fulfill(body=path.read_bytes(), content_type=kind)


def merge(parts: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Join the lists of several `bench.take()`; counts become lists of counts."""
    names = ("shown", "heard", "echo", "reports", "frames", "events", "buffers")
    joined: dict[str, list[Any]] = {
        name: [row for part in parts for row in part.get(name, [])] for name in names
    }
    joined["unreadable"] = [part.get("unreadable", 0) for part in parts]
    return joined


def recording(raw: dict[str, list[Any]]) -> Recording:
    """The page's raw rows as a recording; a picture is shown at its expected display time."""
    drawn = {row["frame"]: float(row["drawn_ms"]) for row in raw["frames"]}
    shown = [
        Shown(
            at_ms=row["expected_ms"],
            frame=row["frame"],
            sent_ms=row["sent_ms"],
            presented=row["presented"],
            received_ms=row["receive_ms"],
            moved=row["moved"],
            drawn_ms=drawn.get(row["frame"]),
        )
        for row in raw["shown"]
    ]
    reports = [
        Report(row["arrived_ms"], row["onset_pts"], row["heard_ms"]) for row in raw["reports"]
    ]
    return Recording(list(raw["heard"]), list(raw["echo"]), reports, shown)


@asynccontextmanager
async def measuring_browser(
    url: str, microphone: Path, buffer_ms: int = 0
) -> AsyncIterator[Measurer]:
    """A browser whose microphone plays `microphone` in a loop. Raises BenchError without one."""
    need("playwright.async_api")
    from playwright.async_api import async_playwright

    program = find_browser()
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
    if urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
        flags.append(f"--unsafely-treat-insecure-origin-as-secure={url}")
    async with async_playwright() as driver, AsyncExitStack() as stack:
        browser = await driver.chromium.launch(executable_path=program, args=flags, headless=True)
        stack.push_async_callback(browser.close)
        context = await browser.new_context(permissions=["microphone"])
        measurer = Measurer(context, url, buffer_ms)
        stack.push_async_callback(measurer.hang_up)
        yield measurer
