"""However a call ends, nothing is left: not in the page, not on the server."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.support.browser import Visit
from tests.support.server_process import ServerProcess

log = logging.getLogger(__name__)
GONE_MS = 10_000
SMALL = {"SYNCHRORAMA_SESSION_SIZE": "256"}


@pytest.fixture
def empty(visit: Visit, server: ServerProcess) -> Iterator[None]:
    """Nothing on the server before, and nothing after."""
    wait_gone(visit, server)
    yield
    wait_gone(visit, server)


def wait_gone(visit: Visit, server: ServerProcess) -> None:
    """Until the server counts no session: asked from a page, whose waiting is event-driven."""
    script = """async (url) => {
        const text = await (await fetch(url + '/metrics')).text();
        return /^avatar_sessions_active 0(\\.0)?$/m.test(text);
    }"""
    visit.page.wait_for_function(script, arg=server.url, polling=200, timeout=GONE_MS)


def test_hanging_up_leaves_nothing(visit: Visit, server: ServerProcess, empty: None) -> None:
    process = psutil.Process(server.pid)
    for turn in range(3):
        visit.connect()
        session = visit.client("client.sessionId")
        visit.page.evaluate(
            """async () => {
                const { page } = await import('/page/main.js');
                globalThis.seen = { client: page.client, stream: page.client.stream,
                    microphone: page.client.microphone };
            }"""
        )
        visit.page.click("#connect")
        visit.wait_state("closed")
        wait_gone(visit, server)
        left = visit.page.evaluate(
            """() => ({
                tracks: [...seen.stream.getTracks(), ...seen.microphone.getTracks()]
                    .filter((track) => track.readyState !== 'ended').length,
                stream: seen.client.stream, microphone: seen.client.microphone,
                shown: document.getElementById('video').srcObject,
            })"""
        )
        assert left == {"tracks": 0, "stream": None, "microphone": None, "shown": None}
        assert visit.page.evaluate(
            f"fetch('/v1/sessions/{session}/stats').then((r) => r.status)"
        ) in (404, 410)
        if turn == 0:
            threads, sockets = process.num_threads(), len(process.net_connections("udp"))
    assert process.num_threads() <= threads + 1
    assert len(process.net_connections("udp")) <= sockets


def test_leaving_the_page_ends_the_session(
    visit: Visit, server: ServerProcess, empty: None
) -> None:
    visit.connect()
    visit.page.goto(f"{server.url}/healthz")
    wait_gone(visit, server)


def test_closing_the_tab_ends_the_session(
    context: BrowserContext, visit: Visit, server: ServerProcess, empty: None
) -> None:
    other = Visit(context, server.url)
    other.connect()
    other.page.close(run_before_unload=True)
    wait_gone(visit, server)


def test_a_full_server_is_told_and_waited_for(browser: Browser, folder: Path) -> None:
    settings = {**SMALL, "SYNCHRORAMA_SESSION_MAX_SESSIONS": "1"}
    with ServerProcess(folder / "full.log", settings) as small:
        context = browser.new_context(permissions=["microphone"])
        first, second = Visit(context, small.url), Visit(context, small.url)
        first.connect()
        second.page.click("#connect")
        second.wait_state("waiting")
        log.info("full: %s", second.wait_note("places are taken", "Trying again in"))
        first.page.click("#connect")
        second.wait_picture()
        assert second.page.is_hidden("#note")
        second.page.click("#connect")
        context.close()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_the_page_returns_after_a_server_restart(
    browser: Browser, folder: Path, how: Literal["stop", "kill"]
) -> None:
    with ServerProcess(folder / f"{how}.log", SMALL) as server:
        context = browser.new_context(permissions=["microphone"])
        visit = Visit(context, server.url)
        visit.connect()
        before = visit.client("client.sessionId")
        if how == "stop":
            server.stop()
        else:
            server.kill()
        visit.wait_state("waiting")
        log.info("restart: %s", visit.page.inner_text("#note"))
        server.start()
        visit.wait_picture()
        assert visit.client("client.sessionId") != before
        assert visit.page.is_hidden("#note")
        visit.leave()
        context.close()
    assert visit.problems == []


def test_a_session_ended_by_the_server_is_told_with_its_reason(
    browser: Browser, folder: Path
) -> None:
    settings = {**SMALL, "SYNCHRORAMA_SESSION_MAX_DURATION_S": "4"}
    with ServerProcess(folder / "limit.log", settings) as server:
        context = browser.new_context(permissions=["microphone"])
        visit = Visit(context, server.url)
        visit.connect()
        visit.wait_note("longest duration", "Connect again")
        visit.wait_state("closed")
        assert visit.client("client.microphone") is None
        wait_gone(visit, server)
        visit.page.click("#note-act")
        visit.wait_picture()
        visit.leave()
        context.close()
    assert visit.problems == []
