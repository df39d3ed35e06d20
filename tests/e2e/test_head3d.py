"""The example page: a 3D head whose jaw and pose move with the motion that a server sends."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright

from tests.support.browser import SLOW_MS, chromium
from tests.support.server_process import ServerProcess

ROOT = Path(__file__).parents[2] / "examples" / "head3d"
# WebGL on a machine without a graphics card.
SOFTWARE_GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WATCH = """async () => {
    const { head } = await import('/page.js');
    await head.loaded;
    globalThis.jaws = [];
    const show = head.show.bind(head);
    head.show = (motion) => { show(motion); globalThis.jaws.push(head.weights.jawOpen); };
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    """The example's folder, served on loopback."""
    handler = functools.partial(Quiet, directory=str(ROOT))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


@pytest.fixture
def page(playwright: Playwright) -> Iterator[Page]:
    """A page with WebGL, whose console must stay clean."""
    problems: list[str] = []
    with chromium(playwright, None, *SOFTWARE_GL) as browser:
        made = browser.new_page(viewport={"width": 600, "height": 600})
        made.set_default_timeout(SLOW_MS)
        made.on("pageerror", lambda error: problems.append(str(error)))
        yield made
        made.goto("about:blank")
    assert problems == []


def test_the_jaw_moves_with_the_voice(site: str, page: Page, folder: Path) -> None:
    settings = {"SYNCHRORAMA_SERVER_CORS_ORIGINS": site, "SYNCHRORAMA_SESSION_MAX_SESSIONS": "2"}
    with ServerProcess(folder / "head3d.log", settings) as server:
        page.goto(f"{site}/?server={server.url}")
        page.evaluate(WATCH)
        still = page.screenshot()
        page.click("#speak")
        page.wait_for_function("() => Math.max(0, ...globalThis.jaws) > 0.12", timeout=60_000)
        page.wait_for_function("() => globalThis.jaws.length > 75")
        page.screenshot(path=folder / "head3d.png")
        jaws = page.evaluate("globalThis.jaws")
        assert min(jaws) < 0.05 < max(jaws) <= 1
        assert page.inner_text("#says") == "Live."
        assert page.screenshot() != still
        page.goto("about:blank")


def test_a_server_that_is_not_there_is_told(site: str, page: Page) -> None:
    page.goto(f"{site}/?server=http://127.0.0.1:9")
    page.click("#speak")
    page.wait_for_selector("#says:has-text('Is a server at http://127.0.0.1:9?')")
