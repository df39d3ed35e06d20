"""The page itself: plain messages, widths, keyboard, and its pure parts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.support.browser import Visit, chromium
from tests.support.server_process import ServerProcess, free_port

LONG_NOTE = """import('/page/view.js').then((view) =>
    view.showNote('A long message '.repeat(9), 'x'.repeat(60)))"""


def test_a_refused_microphone_is_told_with_its_remedy(
    playwright: Playwright, server: ServerProcess
) -> None:
    # Without the flag that answers for the person, a headless Chromium refuses.
    with chromium(playwright) as strict:
        visit = Visit(strict.new_context(), server.url)
        visit.page.click("#connect")
        text = visit.wait_note("not allowed")
        assert "site settings" in text
        visit.page.click("#note-act")
        assert visit.page.is_visible("#drop")
        assert visit.page.get_attribute("#stage", "data-state") == "closed"
        assert visit.problems == []
    assert server.metric("avatar_sessions_active") == 0


def test_no_microphone_is_told(visit: Visit) -> None:
    visit.page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia = () =>
            Promise.reject(new DOMException('none', 'NotFoundError')); }"""
    )
    visit.page.click("#connect")
    assert "Plug one in" in visit.wait_note("No microphone was found")


def test_a_page_without_https_is_told_why_there_is_no_microphone(visit: Visit) -> None:
    visit.page.evaluate("Object.defineProperty(globalThis, 'isSecureContext', { value: false })")
    visit.page.click("#connect")
    assert "https" in visit.wait_note("secure page")
    visit.page.click("#note-act")
    visit.page.click("#connect")
    visit.wait_picture()


def test_a_server_that_does_not_answer_is_told(visit: Visit, server: ServerProcess) -> None:
    visit.page.wait_for_selector("#faces img")
    visit.page.route("**/v1/sessions", lambda route: route.abort())
    visit.page.click("#connect")
    visit.wait_note("does not answer", "Trying again")
    visit.page.unroute("**/v1/sessions")
    visit.wait_picture()


def test_a_file_that_is_no_sound_is_told(visit: Visit, tmp_path: Path) -> None:
    bad = tmp_path / "no.wav"
    bad.write_bytes(b"this is not sound")
    visit.page.check("input[name=voice][value=push]", force=True)
    visit.page.set_input_files("#file", bad)
    assert "WAV" in visit.wait_note("cannot be read as sound")


@pytest.mark.parametrize(("width", "height"), [(360, 740), (390, 844), (768, 1024), (1280, 800)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_sideways_scrolling(
    browser: Browser, server: ServerProcess, folder: Path, width: int, height: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        is_mobile=width < 500,
    )
    visit = Visit(context, server.url)
    visit.page.wait_for_selector("#faces img")
    for voice in ("mirror", "push", "assistant"):
        visit.page.check(f"input[name=voice][value={voice}]", force=True)
        visit.page.evaluate(LONG_NOTE)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert visit.page.locator("#connect").bounding_box() is not None
    visit.page.screenshot(path=folder / f"page-{width}-{scheme}.png", full_page=True)
    context.close()
    assert visit.problems == []


def test_everything_is_named_and_reached_by_keyboard(visit: Visit) -> None:
    visit.page.wait_for_selector("#faces img")
    nameless = visit.page.evaluate(
        """() => [...document.querySelectorAll('button, input, select')].filter((element) => {
            if (element.hidden) return false;
            const text = element.getAttribute('aria-label') || element.textContent.trim()
                || [...(element.labels ?? [])].map((label) => label.textContent.trim()).join('');
            return !text;
        }).map((element) => element.id || element.name)"""
    )
    assert nameless == []
    reached = set()
    for _ in range(20):
        visit.page.keyboard.press("Tab")
        reached.add(visit.page.evaluate("document.activeElement.id || document.activeElement.name"))
    assert {"connect", "mute", "overlay", "try", "face", "voice", "microphone", "hear"} <= reached


def test_muting_silences_the_microphone(visit: Visit) -> None:
    visit.connect()
    enabled = "client.microphone.getAudioTracks()[0].enabled"
    assert visit.client(enabled) is True
    visit.page.keyboard.press("m")
    assert visit.client(enabled) is False
    assert visit.page.get_attribute("#mute", "aria-pressed") == "true"


def test_the_returned_voice_is_muted_until_wanted(visit: Visit) -> None:
    visit.connect()
    assert visit.page.evaluate("video.muted") is True
    visit.page.check("#hear", force=True)
    assert visit.page.evaluate("video.muted") is False


def test_waits_double_and_respect_retry_after(visit: Visit) -> None:
    waits = visit.page.evaluate(
        """async () => {
            const { backoffMs } = await import('/client/backoff.js');
            return [1, 2, 3, 9].map((n) => backoffMs(n, null, () => 0.5)).concat(backoffMs(1, 7));
        }"""
    )
    assert waits == [500, 1000, 2000, 8000, 7000]


def test_sound_becomes_pcm_within_bounds(visit: Visit) -> None:
    pcm = visit.page.evaluate(
        """async () => {
            const { toPcm16, mixDown } = await import('/client/voice.js');
            const mono = mixDown([Float32Array.of(1, 3, NaN, -9), Float32Array.of(0, 3, 0, -9)]);
            return [...toPcm16(mono)];
        }"""
    )
    assert pcm == [16384, 32767, 0, -32767]


def test_figures_of_a_call(visit: Visit) -> None:
    visit.page.click("#overlay")
    visit.connect()
    visit.page.wait_for_selector("#figures dt:has-text('Round trip')")
    visit.page.wait_for_function(
        "() => /[0-9] fps/.test(document.getElementById('figures').textContent)"
    )
    assert visit.page.text_content("#too-slow") == (
        "This machine is too slow for 25 pictures a second."
    )
    visit.page.click("#connect")
    visit.page.wait_for_selector("#too-slow", state="hidden")


def test_the_module_gives_up_after_its_retries(visit: Visit) -> None:
    seen = visit.page.evaluate(
        """async (server) => {
            const { AvatarClient } = await import('/synchrorama.js');
            const client = new AvatarClient({ server, voice: 'push', retries: 1 });
            const states = [];
            client.addEventListener('state', ({ detail }) => states.push(detail.state));
            const error = await client.connect().catch((error) => error);
            return [error.code, ...states];
        }""",
        f"http://127.0.0.1:{free_port()}",
    )
    assert seen == ["server-unreachable", "connecting", "waiting", "connecting", "closed"]
