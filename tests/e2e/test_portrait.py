"""A person's own photo on the page: seen, agreed to, made to speak, removed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser

from engines.avatars.bundle import load
from engines.avatars.store import BUILTIN
from tests.support.browser import Visit
from tests.support.server_process import ServerProcess

PHOTO = next(BUILTIN.glob("*/portrait.jpg"))
MAKING_MS = 60_000


def test_a_photo_becomes_a_face_and_goes_again(visit: Visit, server: ServerProcess) -> None:
    page = visit.page
    page.wait_for_selector("#faces img")
    page.click("#own-open")
    page.set_input_files("#photo", PHOTO)
    page.wait_for_selector("#photo-lines polygon", state="attached", timeout=MAKING_MS)
    assert "found" in page.inner_text("#photo-says")
    assert page.locator("#photo-lines .frame").count() == 1
    assert page.is_disabled("#photo-make")
    page.fill("#photo-title", "Zoe Test")
    page.check("#photo-consent", force=True)
    assert page.is_disabled("#photo-make")
    page.fill("#photo-by", "Zoe")
    page.click("#photo-make")
    page.wait_for_selector("#photo-bar[value]", state="attached", timeout=MAKING_MS)
    assert page.inner_text("#photo-cancel") == "Stop"
    made = "#faces input[value=zoe-test]"
    page.wait_for_selector(f"{made}:checked", state="attached", timeout=MAKING_MS)
    assert page.is_hidden("#own-form")
    page.wait_for_selector("#look.on")
    assert "consent of Zoe" in page.inner_text("#face-about")
    page.hover(f"#faces label:has({made.removeprefix('#faces ')})")
    page.wait_for_selector("#faces video.on")
    visit.connect()
    assert page.is_hidden("#look")
    page.click("#own-remove")
    visit.wait_note("for good")
    page.click("#note-act")
    page.wait_for_selector(made, state="detached")
    assert "deleted" in visit.wait_note("is removed")
    assert page.is_hidden("#own-remove")


def test_making_can_be_stopped_and_nothing_is_kept(visit: Visit, server: ServerProcess) -> None:
    page = visit.page
    page.wait_for_selector("#faces img")
    page.click("#own-open")
    page.set_input_files("#photo", PHOTO)
    page.fill("#photo-title", "Never")
    page.fill("#photo-by", "Zoe")
    page.check("#photo-consent", force=True)
    page.click("#photo-make")
    page.click("#photo-cancel")
    page.wait_for_selector("#photo-says:has-text('Nothing was kept')")
    assert page.is_visible("#photo-make")
    page.reload()
    page.wait_for_selector("#faces img")
    assert page.locator("#faces input[value=never]").count() == 0


def test_one_of_two_people_is_chosen_by_a_click(visit: Visit, tmp_path: Path) -> None:
    pair = tmp_path / "pair.png"
    people = [load(path.parent).portrait for path in sorted(BUILTIN.glob("*/portrait.jpg"))[:2]]
    assert cv2.imwrite(str(pair), np.hstack(people))
    page = visit.page
    page.wait_for_selector("#faces img")
    page.click("#own-open")
    page.set_input_files("#photo", pair)
    page.wait_for_selector(".photo-face", timeout=MAKING_MS)
    assert page.locator(".photo-face").count() == 2
    assert page.is_hidden("#photo-make")
    page.click("[aria-label='Face 2']")
    page.wait_for_selector("#photo-lines polygon", state="attached", timeout=MAKING_MS)
    x = float(page.get_attribute("#photo-lines .frame", "x") or 0)
    assert x > 0.45


def test_a_pasted_photo_is_taken(visit: Visit) -> None:
    page = visit.page
    page.wait_for_selector("#faces img")
    page.evaluate(
        """async () => {
            const data = new DataTransfer();
            const image = await fetch(document.querySelector('#faces img').src);
            data.items.add(new File([await image.blob()], 'a.jpg', { type: 'image/jpeg' }));
            dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }));
        }"""
    )
    page.wait_for_selector("#photo-lines polygon", state="attached", timeout=MAKING_MS)


def test_no_film_for_who_wants_less_motion(browser: Browser, server: ServerProcess) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("#faces img")
    played = page.evaluate(
        """import('/page/look.js').then(({ playOnStage }) => {
            playOnStage('/voice/welcome.wav');
            return !document.getElementById('look').hidden;
        })"""
    )
    assert played is False
    context.close()


def test_what_is_wrong_with_a_photo_is_told(visit: Visit, tmp_path: Path) -> None:
    visit.page.wait_for_selector("#faces img")
    visit.page.click("#own-open")
    bad = tmp_path / "photo.png"
    bad.write_bytes(b"GIF89a" + bytes(50))
    visit.page.set_input_files("#photo", bad)
    visit.page.wait_for_selector("#photo-says:has-text('GIF')")
    assert "JPEG" in visit.page.inner_text("#photo-says")
    assert visit.page.is_hidden("#photo-about")
    # The browser itself notes each refused request on its console; the page has no fault.
    assert visit.problems == []
    for width in (360, 1280):
        visit.page.set_viewport_size({"width": width, "height": 800})
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
