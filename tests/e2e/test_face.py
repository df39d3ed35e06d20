"""Chromium with a spoken microphone: the picture comes, moves with the sound, and in step."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.support.browser import Visit
from tests.support.face_watch import Watched, lag_ms, read, resting, talking
from tests.support.server_process import ServerProcess

log = logging.getLogger(__name__)
WATCH = (Path(__file__).parent / "watch.js").read_text(encoding="utf-8")
WATCH_S = 22
"""Twice through speech and silence."""


@pytest.fixture(scope="module")
def watched(browser: Browser, server: ServerProcess) -> Watched:
    """One long look at a mirror session."""
    context = browser.new_context(permissions=["microphone"])
    visit = Visit(context, server.url)
    visit.connect()
    recording = visit.page.evaluate(WATCH, WATCH_S)
    visit.leave()
    context.close()
    return read(recording)


def test_the_portrait_is_there_before_the_call(visit: Visit) -> None:
    visit.page.wait_for_function("() => document.getElementById('portrait').naturalWidth >= 256")
    assert visit.page.get_attribute("#stage", "data-state") == "idle"
    assert visit.page.is_visible(".badge")


def test_a_picture_arrives(visit: Visit) -> None:
    visit.connect()
    size = visit.page.evaluate("[video.videoWidth, video.videoHeight]")
    assert size == [256, 256]
    first_ms = visit.page.evaluate("import('/page/main.js').then((m) => m.page.firstPictureMs)")
    log.info("click to first picture: %.0f ms", first_ms)
    assert first_ms < 5000
    stats = visit.stats()
    assert stats["framesDecoded"] > 0
    assert stats["codec"] == "VP8"


def test_the_picture_keeps_coming(watched: Watched) -> None:
    fps = watched.frames / WATCH_S
    log.info("%.1f fps, p99 gap %.0f ms", fps, watched.gap_p99_ms)
    assert fps > 15


def test_the_mouth_moves_with_the_sound_and_not_without(watched: Watched) -> None:
    mouth = [float(watched.open_px[part(watched)].mean()) for part in (talking, resting)]
    brow = [float(watched.brow_px[part(watched)].mean()) for part in (talking, resting)]
    log.info("mouth %.2f / %.2f, forehead %.2f / %.2f", *mouth, *brow)
    assert mouth[0] > 1.5 * mouth[1]


def test_sound_and_picture_are_in_step(watched: Watched) -> None:
    offset_ms, r = lag_ms(watched)
    log.info("sound minus picture %+.0f ms at r %.2f", offset_ms, r)
    assert r > 0.3
    # Generous: seen at 25 pictures a second, on a machine that may be busy.
    assert abs(offset_ms) <= 150


def test_pushed_speech_is_spoken_and_acknowledged(visit: Visit, server: ServerProcess) -> None:
    visit.page.click("#try")
    visit.wait_picture()
    assert visit.page.evaluate("document.getElementById('video').muted") is False
    visit.page.wait_for_selector(".stage.speaking")
    visit.page.click("#stop")
    visit.page.wait_for_selector("#stop:disabled")
    assert np.isfinite(server.metric("avatar_sessions_active"))
