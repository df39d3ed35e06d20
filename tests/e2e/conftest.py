"""Fixtures of the browser tests: one Chromium, one server, both on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from tests.support.browser import ALLOW_MICROPHONE, NO_BROWSER, Visit, chromium, find_browser
from tests.support.server_process import ServerProcess
from tests.support.speech import speech_and_silence


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all, and skip all with the reason when there is no browser."""
    here = Path(__file__).parent
    for item in items:
        if not item.path.is_relative_to(here):
            continue
        item.add_marker(pytest.mark.e2e)
        if find_browser() is None:
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For sounds, logs and screenshots."""
    return tmp_path_factory.mktemp("e2e")


# Playwright's synchronous interface keeps an event loop on this thread: it must be gone before
# the next module, whose tests may want a loop of their own.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """The driver of the browsers."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright, folder: Path) -> Iterator[Browser]:
    """A Chromium whose microphone speaks, is silent for four seconds, and speaks again."""
    with chromium(playwright, speech_and_silence(folder), ALLOW_MICROPHONE) as started:
        yield started


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[ServerProcess]:
    """A server with two places and small pictures: the browser has to live on the same cores."""
    settings = {"SYNCHRORAMA_SESSION_MAX_SESSIONS": "2", "SYNCHRORAMA_SESSION_SIZE": "256"}
    with ServerProcess(folder / "server.log", settings) as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile that may use the microphone."""
    made = browser.new_context(viewport={"width": 1280, "height": 800}, permissions=["microphone"])
    yield made
    made.close()


@pytest.fixture
def visit(context: BrowserContext, server: ServerProcess) -> Iterator[Visit]:
    """The demo page, open; its console must stay clean."""
    made = Visit(context, server.url)
    yield made
    made.leave()
    assert made.problems == []
