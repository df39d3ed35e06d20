"""A person's own photo on the page: seen, agreed to, made to speak, removed."""

from __future__ import annotations

from pathlib import Path

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
    assert page.is_disabled("#photo-make")
    page.fill("#photo-title", "Zoe Test")
    assert page.is_disabled("#photo-make")
    page.check("#photo-consent", force=True)
    page.click("#photo-make")
    made = "#faces input[value=zoe-test]"
    page.wait_for_selector(f"{made}:checked", state="attached", timeout=MAKING_MS)
    assert page.is_hidden("#own-form")
    visit.connect()
    page.click("#own-remove")
    visit.wait_note("for good")
    page.click("#note-act")
    page.wait_for_selector(made, state="detached")
    assert page.is_hidden("#own-remove")


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
