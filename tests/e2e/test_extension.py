"""The Chromium extension on a call page whose own policy forbids everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, Playwright

from tests.support.browser import ALLOW_MICROPHONE, FLAGS, SLOW_MS, find_browser
from tests.support.server_process import ServerProcess, free_port
from tests.support.small_site import small_site
from tests.support.speech import speech_and_silence

EXTENSION = Path(__file__).parents[2] / "web_client" / "extension"
POLICY = {"Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'none'"}
PAGE = """<!doctype html><title>Call</title><h1>A call</h1>
<video id=near autoplay playsinline width=320></video>
<video id=far autoplay playsinline muted width=320></video>
<script src=call.js type=module></script>"""
US = {"deviceId": {"exact": "synchrorama"}}
GONE = "() => call.stream.getTracks().every((track) => track.readyState === 'ended')"


def launch(playwright: Playwright, home: Path, microphone: Path, *more: str) -> BrowserContext:
    args = [
        *FLAGS,
        *more,
        f"--use-file-for-fake-audio-capture={microphone}",
        f"--disable-extensions-except={EXTENSION}",
        f"--load-extension={EXTENSION}",
    ]
    made = playwright.chromium.launch_persistent_context(
        home,
        executable_path=find_browser(),
        headless=True,
        args=args,
        ignore_default_args=["--disable-extensions"],
        viewport={"width": 900, "height": 700},
    )
    made.set_default_timeout(SLOW_MS)
    return made


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    script = (Path(__file__).parent / "call.js").read_text(encoding="utf-8")
    texts = {"index.html": PAGE, "call.js": script, "favicon.ico": ""}
    with small_site(texts, POLICY) as origin:
        yield origin


@pytest.fixture(scope="module")
def chrome(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory, folder: Path
) -> Iterator[BrowserContext]:
    """A browser with the extension in it, whose microphone speaks and is silent in turn."""
    home = tmp_path_factory.mktemp("profile")
    made = launch(playwright, home, speech_and_silence(folder), ALLOW_MICROPHONE)
    yield made
    made.close()


def worker_of(chrome: BrowserContext) -> Any:
    return (
        chrome.service_workers[0]
        if chrome.service_workers
        else chrome.wait_for_event("serviceworker")
    )


def choose(chrome: BrowserContext, server: str, **more: Any) -> None:
    """What a person would save on the options page."""
    chosen = {"server": server, "avatar": "aria", "size": 256, "always": False} | more
    worker_of(chrome).evaluate("(chosen) => chrome.storage.local.set(chosen)", chosen)


@pytest.fixture
def page(chrome: BrowserContext, site: str) -> Iterator[Page]:
    made = chrome.new_page()
    problems: list[str] = []
    made.on("pageerror", lambda error: problems.append(str(error)))
    made.goto(site)
    made.wait_for_selector("[data-ready]")
    yield made
    made.close()
    assert problems == []


def active(server: ServerProcess) -> float:
    return server.metric("avatar_sessions_active")


def wait_gone(page: Page, chrome: BrowserContext, server: ServerProcess) -> None:
    """Until the server counts no session; the page itself may not ask it."""
    worker_of(chrome).evaluate(
        """async (url) => {
            for (;;) {
                const text = await (await fetch(url + '/metrics')).text();
                if (/^avatar_sessions_active 0(\\.0)?$/m.test(text)) return;
                await new Promise((resolve) => setTimeout(resolve, 100));
            }
        }""",
        server.url,
    )


def until(page: Page, condition: str) -> None:
    """Until it holds. Playwright's own waiting evaluates text, which the policy forbids."""
    page.evaluate(
        f"""() => new Promise((resolve, reject) => {{
            const end = performance.now() + {SLOW_MS};
            const look = () => {{
                if ({condition}) resolve();
                else if (performance.now() > end) reject(new Error("never: " + `{condition}`));
                else setTimeout(look, 50);
            }};
            look();
        }})"""
    )


def offset_ms(sound: list[list[float]], light: list[list[float]]) -> float:
    """How much later the picture's movement comes than the sound's loudness, by correlation."""
    begin = max(sound[0][0], light[0][0])
    end = min(sound[-1][0], light[-1][0])
    grid = np.arange(begin, end, 10.0)
    smooth = np.hanning(25) / np.hanning(25).sum()

    def curve(rows: list[list[float]]) -> Any:
        times, values = np.array(rows).T
        level = np.convolve(np.interp(grid, times, values), smooth, "same")
        return (level - level.mean()) / (level.std() + 1e-9)

    loud, moved = curve(sound), curve(light)
    lags = range(-60, 61)
    fits = [float(np.mean(loud[60:-60] * np.roll(moved, -lag)[60:-60])) for lag in lags]
    return 10.0 * lags[int(np.argmax(fits))]


def test_a_face_and_its_voice_reach_the_far_end(
    page: Page, chrome: BrowserContext, server: ServerProcess, folder: Path
) -> None:
    choose(chrome, server.url)
    assert page.evaluate("(url) => call.tryFetch(url)", f"{server.url}/healthz") == "forbidden"
    listed = page.evaluate(
        "navigator.mediaDevices.enumerateDevices().then((all) => all.map((d) => d.toJSON()))"
    )
    ours = [each for each in listed if each["label"] == "SynchroRaMa"]
    assert {each["kind"] for each in ours} == {"audioinput", "videoinput"}
    assert len(listed) > 2

    page.evaluate("(asked) => call.join(asked)", {"video": US, "audio": True})
    assert active(server) == 1
    settings = page.evaluate("call.stream.getVideoTracks()[0].getSettings()")
    assert (settings["width"], settings["deviceId"]) == (256, "synchrorama")
    until(page, "call.pictures.size > 100 && call.light.length > 300")
    until(page, "call.sound.some(([, level]) => level > 0.05)")
    page.screenshot(path=folder / "call.png")
    # The voice that leaves is the one that comes back with the picture, not the microphone's.
    late_ms = offset_ms(page.evaluate("call.sound"), page.evaluate("call.light"))
    assert abs(late_ms) <= 200, late_ms

    # Clones count too: the session goes with the last track.
    page.evaluate(
        """() => {
            call.clone = call.stream.getVideoTracks()[0].clone();
            for (const track of call.stream.getTracks()) track.stop();
        }"""
    )
    assert page.evaluate(GONE)
    assert active(server) == 1
    page.evaluate("call.clone.stop()")
    wait_gone(page, chrome, server)


def test_leaving_the_page_ends_the_session(
    chrome: BrowserContext, site: str, server: ServerProcess
) -> None:
    choose(chrome, server.url)
    page = chrome.new_page()
    page.goto(site)
    page.wait_for_selector("[data-ready]")
    page.evaluate("(asked) => call.join(asked)", {"video": US, "audio": True})
    assert active(server) == 1
    page.goto("about:blank")
    wait_gone(page, chrome, server)
    page.close()


def refusal(page: Page, constraints: dict[str, Any]) -> list[str]:
    found: list[str] = page.evaluate(
        "(asked) => call.join(asked).then(() => [], (error) => [error.name, error.message])",
        constraints,
    )
    return found


def test_without_a_server_it_fails_and_the_real_camera_stays(
    page: Page, chrome: BrowserContext
) -> None:
    choose(chrome, f"http://127.0.0.1:{free_port()}", always=True)
    for asked in ({"video": US, "audio": True}, {"video": True}):
        name, message = refusal(page, asked)
        assert name == "NotReadableError"
        assert "does not answer" in message
    # The microphone was let go, and a camera chosen by its name is the real one.
    label = page.evaluate(
        """async () => {
            const all = await navigator.mediaDevices.enumerateDevices();
            const camera = all.find((each) => each.kind === 'videoinput'
                && each.label !== 'SynchroRaMa');
            await call.join({ video: { deviceId: { exact: camera.deviceId } } });
            return call.stream.getVideoTracks()[0].label;
        }"""
    )
    assert label and label != "SynchroRaMa"
    page.evaluate("call.stream.getTracks().forEach((track) => track.stop())")


def test_a_full_server_is_told(page: Page, chrome: BrowserContext, server: ServerProcess) -> None:
    choose(chrome, server.url, avatar="nobody")
    name, message = refusal(page, {"video": US})
    assert name == "NotReadableError" and "nobody" in message
    assert active(server) == 0


def test_switched_off_it_is_not_there(page: Page, chrome: BrowserContext) -> None:
    choose(chrome, "http://127.0.0.1:1", offered=False, always=True)
    labels = page.evaluate(
        "navigator.mediaDevices.enumerateDevices().then((all) => all.map((each) => each.label))"
    )
    assert "SynchroRaMa" not in labels
    page.evaluate("call.join({ video: true, audio: true })")
    page.evaluate("call.stream.getTracks().forEach((track) => track.stop())")
    choose(chrome, "http://127.0.0.1:1", offered=True)


def test_a_refused_microphone_is_the_pages_refusal(
    playwright: Playwright,
    tmp_path: Path,
    site: str,
    server: ServerProcess,
    folder: Path,
) -> None:
    # Without the flag that answers for the person, a headless Chromium refuses.
    with launch(playwright, tmp_path, speech_and_silence(folder)) as strict:
        choose(strict, server.url)
        page = strict.new_page()
        page.goto(site)
        page.wait_for_selector("[data-ready]")
        name, _ = refusal(page, {"video": US, "audio": True})
        assert name == "NotAllowedError"
        assert active(server) == 0


def test_the_options_page_asks_the_server_and_says_what_is_wrong(
    chrome: BrowserContext, server: ServerProcess, folder: Path
) -> None:
    choose(chrome, server.url)
    page = chrome.new_page()
    identity = worker_of(chrome).url.split("/")[2]
    page.goto(f"chrome-extension://{identity}/options.html")
    page.wait_for_selector("[data-ready]")
    assert page.locator("#avatar option").count() > 5
    page.select_option("#avatar", "ken")
    page.click("button")
    page.wait_for_selector("#said[data-state=good]")
    assert "faces" in page.inner_text("#said")
    page.screenshot(path=folder / "options.png", full_page=True)
    saved = worker_of(chrome).evaluate("() => chrome.storage.local.get()")
    assert saved["avatar"] == "ken"
    for wrong, word in (
        ("http://example.org", "https"),
        ("ftp://127.0.0.1", "https://"),
        (f"http://127.0.0.1:{free_port()}", "does not answer"),
    ):
        page.fill("#server", wrong)
        page.click("button")
        page.wait_for_selector(f"#said[data-state=bad]:has-text('{word}')")
    page.close()
