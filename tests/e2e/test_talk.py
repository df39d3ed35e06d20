"""Talking with the assistant on the page, typed and by voice; a provider plays the mind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route

from tests.support.browser import Visit
from tests.support.provider import Provider
from tests.support.server_process import ServerProcess

TURNS = """async () => {
    const { page } = await import('/page/main.js');
    globalThis.turns = [];
    page.client.addEventListener('turn', ({ detail }) => globalThis.turns.push(detail.state));
}"""


@pytest.fixture(scope="module")
def talking(folder: Path) -> Iterator[ServerProcess]:
    """A server whose assistant has all its parts."""
    with Provider() as provider:
        settings = {
            "SYNCHRORAMA_SESSION_SIZE": "256",
            "SYNCHRORAMA_ASSISTANT_LLM_URL": provider.url,
            "SYNCHRORAMA_ASSISTANT_ASR_URL": provider.url,
            "SYNCHRORAMA_VOICES_PROVIDER": "openai",
            "SYNCHRORAMA_VOICES_OPENAI_URL": provider.url,
        }
        with ServerProcess(folder / "talking.log", settings) as started:
            yield started


def without_hearing(route: Route) -> None:
    """The server's own answer, but without its hearing."""
    told = route.fetch().json()
    told["assistant"]["parts"]["asr"] = False
    told["assistant"]["missing"] = [{"part": "asr", "set": "assistant.asr_url"}]
    route.fulfill(body=json.dumps(told), content_type="application/json")


def test_a_typed_question_an_interrupted_answer_and_a_spoken_turn(
    context: BrowserContext, talking: ServerProcess
) -> None:
    visit = Visit(context, talking.url)
    page = visit.page
    # What is not there is told before anybody connects, and the microphone is left alone.
    page.route("**/v1/capabilities", without_hearing)
    page.reload()
    page.check("input[name=voice][value=assistant]", force=True)
    page.wait_for_selector("#talk-lacks:has-text('assistant.asr_url')")
    assert "type to it" in page.inner_text("#talk-lacks")
    assert not page.is_visible("#microphone-options")
    page.unroute("**/v1/capabilities")
    page.reload()

    page.check("input[name=voice][value=assistant]", force=True)
    page.click("#mute")  # Only what is typed counts for now.
    visit.connect()
    page.wait_for_selector("#state:has-text('Listening')")
    assert page.inner_text("#talk-lacks") == ""
    page.evaluate(TURNS)
    page.fill("#talk-text", "Who are you?")
    page.press("#talk-text", "Enter")
    page.wait_for_selector("#state:has-text('Speaking')")
    assert "Who are you?" in page.inner_text("#talk-log .visitor")
    page.wait_for_selector("#talk-log .assistant:has-text('Answer')")
    page.click("#talk-stop")
    page.wait_for_selector("#talk-log .assistant.cut s")
    page.wait_for_selector("#state:has-text('Listening')")
    assert page.evaluate("turns").count("thinking") >= 1

    page.click("#mute")
    page.wait_for_selector("#talk-log .visitor:has-text('This was turn')")
    assert page.inner_text("#talk-text") == ""
    visit.leave()
    assert visit.problems == []
