"""A headless Chromium with a WAV as its microphone, kept on loopback.

Runs in the test process over playwright's synchronous interface.
Never downloads a browser: takes the Chromium on PATH, or tells why there is none.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = "no Chromium on PATH (tried: " + ", ".join(NAMES) + "); see `make chromium`"
FLAGS = (
    # As root, in a container, without a GPU.
    "--no-sandbox",
    "--disable-gpu",
    # Nothing leaves this machine.
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    # Media without a person, a sound card or a second machine.
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)
ALLOW_MICROPHONE = "--use-fake-ui-for-media-stream"
SLOW_MS = 60_000
"""Deadline of one step: generous, the machine may be busy."""


def find_browser() -> str | None:
    """Path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium(
    playwright: Playwright, microphone: Path | None = None, *flags: str
) -> Iterator[Browser]:
    """Start one; it has the WAV `microphone` (48 kHz, played over and over) as its microphone."""
    path = find_browser()
    if path is None:
        raise FileNotFoundError(NO_BROWSER)
    args = [*FLAGS, *flags]
    if microphone is not None:
        args.append(f"--use-file-for-fake-audio-capture={microphone}")
    browser = playwright.chromium.launch(executable_path=path, headless=True, args=args)
    try:
        yield browser
    finally:
        browser.close()


class Visit:
    """One visit to the demo page, and what its console complained of."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.problems: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(SLOW_MS)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(url)

    def connect(self) -> None:
        """Press Connect and wait for the first picture."""
        self.page.click("#connect")
        self.wait_picture()

    def leave(self) -> None:
        """Go away, so that the page hangs up."""
        self.page.goto("about:blank")

    def wait_picture(self) -> None:
        """Until the video lies over the portrait."""
        self.page.wait_for_selector(".stage.playing")

    def wait_state(self, state: str) -> None:
        """Until the page shows one of the client's states."""
        self.page.wait_for_selector(f"#stage[data-state={state}]")

    def wait_note(self, *words: str) -> str:
        """Until the message says all `words`; its whole text."""
        for word in words:
            self.page.wait_for_selector(f"#note:has-text('{word}')")
        return self.page.inner_text("#note")

    def client(self, expression: str) -> Any:
        """Value of a JavaScript expression of `client`, the page's AvatarClient."""
        script = f"""async () => {{
            const {{ page }} = await import('/page/main.js');
            const client = page.client;
            return {expression};
        }}"""
        return self.page.evaluate(script)

    def stats(self) -> dict[str, Any]:
        """The client's statistics now."""
        found: dict[str, Any] = self.client("client.getStats()")
        return found
