"""The stage changed in a running call: what the browser receives changes, and the page says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engines.avatars.store import default_store
from engines.render.stage import head_window
from tests.support.browser import Visit
from tests.support.server_process import ServerProcess

SIDE = 64
GRAB = f"""() => {{
    const video = document.getElementById('video');
    const canvas = new OffscreenCanvas({SIDE}, {SIDE});
    const paint = canvas.getContext('2d');
    paint.drawImage(video, 0, 0, {SIDE}, {SIDE});
    return [...paint.getImageData(0, 0, {SIDE}, {SIDE}).data];
}}"""
AT = """([x, y, wanted, slack]) => {
    const video = document.getElementById('video');
    const canvas = new OffscreenCanvas(64, 64);
    const paint = canvas.getContext('2d');
    paint.drawImage(video, 0, 0, 64, 64);
    const seen = paint.getImageData(x, y, 1, 1).data;
    return wanted.every((value, at) => Math.abs(value - seen[at]) < slack);
}"""
GREEN, RED, BLUE = (0, 177, 64), (200, 0, 0), (20, 30, 210)


def grab(visit: Visit) -> Any:
    """f32[64,64,3] RGB: the picture on the screen now."""
    raw = np.array(visit.page.evaluate(GRAB), np.float32)
    return raw.reshape(SIDE, SIDE, 4)[..., :3]


def wait_pixel(visit: Visit, x: int, y: int, rgb: tuple[int, int, int], slack: int = 24) -> None:
    """Until the picture has that colour at that place of 64 x 64."""
    visit.page.wait_for_function(AT, arg=[x, y, list(rgb), slack])


def choose(visit: Visit, kind: str) -> None:
    visit.page.check(f"input[name=background][value={kind}]", force=True)


def choose_colour(visit: Visit, text: str) -> None:
    choose(visit, "colour")
    visit.page.fill("#hex", text)


def open_call(visit: Visit) -> None:
    visit.page.wait_for_selector("#scene:not([hidden])")
    visit.connect()


def test_the_chosen_colour_comes_by_the_wire(visit: Visit, folder: Path) -> None:
    open_call(visit)
    choose_colour(visit, "#00b140")
    wait_pixel(visit, 2, 2, GREEN)
    wait_pixel(visit, 61, 2, GREEN)
    choose_colour(visit, "#c80000")
    wait_pixel(visit, 2, 2, RED)
    visit.page.fill("#hex", "#c8")
    visit.page.screenshot(path=folder / "stage-colour.png", full_page=True)
    wait_pixel(visit, 2, 2, RED)
    choose(visit, "evening")
    wait_pixel(visit, 2, 2, (14, 18, 28), 20)
    choose(visit, "photo")
    visit.page.wait_for_function(AT.replace(" < slack", " > slack"), arg=[2, 2, [14, 18, 28], 40])


def test_mirrored_turns_the_person(visit: Visit) -> None:
    open_call(visit)
    choose_colour(visit, "#00b140")
    wait_pixel(visit, 2, 2, GREEN)
    straight = _outline(visit)
    visit.page.check("#mirrored", force=True)
    visit.page.wait_for_function(
        "async () => (await import('/page/main.js')).page.client.options.stage.mirrored"
    )
    _wait_outline(visit, straight[:, ::-1], straight)
    visit.page.uncheck("#mirrored", force=True)
    _wait_outline(visit, straight, straight[:, ::-1])


def _outline(visit: Visit) -> Any:
    """bool[64,64]: where the person is, before green."""
    return np.abs(grab(visit) - GREEN).max(2) > 60


def _wait_outline(visit: Visit, wanted: Any, other: Any) -> None:
    """Until the person stands as in `wanted` rather than `other`."""
    assert (wanted != other).sum() > 40, "the person is as good as symmetric"
    for _ in range(200):
        seen = _outline(visit)
        if (seen != wanted).sum() < (seen != other).sum() / 2:
            return
        visit.page.wait_for_timeout(50)
    pytest.fail("the picture was not turned")


def test_framing_comes_closer(visit: Visit) -> None:
    open_call(visit)
    choose_colour(visit, "#00b140")
    wait_pixel(visit, 2, 2, GREEN)
    far = _outline(visit)
    store = default_store()
    avatar = store.load(store.names()[0])
    x, y, side = (value * SIDE / avatar.size for value in head_window(avatar))
    cut = far.astype(np.float32)[round(y) : round(y + side), round(x) : round(x + side)]
    near = cv2.resize(cut, (SIDE, SIDE)) > 0.5
    visit.page.check("input[name=framing][value=head]", force=True)
    _wait_outline(visit, near, far)
    visit.page.check("input[name=framing][value=shoulders]", force=True)
    _wait_outline(visit, far, near)


def test_a_picture_of_ones_own_goes_behind_and_comes_back_by_its_swatch(
    visit: Visit, tmp_path: Path
) -> None:
    picture = tmp_path / "mine.png"
    cv2.imwrite(str(picture), np.full((300, 400, 3), BLUE[::-1], np.uint8))
    open_call(visit)
    visit.page.set_input_files("#picture", picture)
    wait_pixel(visit, 2, 2, BLUE, 30)
    choose_colour(visit, "#00b140")
    wait_pixel(visit, 2, 2, GREEN)
    choose(visit, "image")
    wait_pixel(visit, 2, 2, BLUE, 30)
    # A call that begins with it has it from the first picture on.
    visit.page.click("#connect")
    visit.wait_state("closed")
    visit.connect()
    wait_pixel(visit, 2, 2, BLUE, 30)


def test_a_file_that_is_no_picture_is_told_and_the_call_goes_on(
    visit: Visit, tmp_path: Path
) -> None:
    bad = tmp_path / "no.png"
    bad.write_bytes(b"this is no picture")
    open_call(visit)
    visit.page.set_input_files("#picture", bad)
    assert "JPEG, PNG or WebP" in visit.wait_note("not a picture")
    visit.wait_state("live")
    choose_colour(visit, "#00b140")
    wait_pixel(visit, 2, 2, GREEN)


def test_a_choice_before_the_call_is_its_first_picture(visit: Visit) -> None:
    visit.page.wait_for_selector("#scene:not([hidden])")
    choose_colour(visit, "#00b140")
    visit.connect()
    seen = grab(visit)
    assert np.abs(seen[2, 2] - GREEN).max() < 24
    assert np.abs(seen[2, 61] - GREEN).max() < 24


def test_the_picture_says_that_it_is_made_and_the_page_says_it_once(
    visit: Visit, folder: Path
) -> None:
    visit.page.wait_for_selector("#scene:not([hidden])")
    assert visit.page.is_visible(".badge")
    visit.connect()
    visit.page.wait_for_selector(".badge", state="hidden")
    choose_colour(visit, "#ffffff")
    wait_pixel(visit, 2, 2, (255, 255, 255))
    visit.page.wait_for_timeout(500)
    grabbed = grab(visit)
    plate = grabbed[54:60, 4:22].mean()
    around = grabbed[44:50, 2:8].mean()
    assert plate < around, "a dark plate at the lower left"
    visit.page.locator("#stage").screenshot(path=folder / "stage-mark.png")


def test_size_is_chosen_and_comes(visit: Visit) -> None:
    visit.page.wait_for_selector("#scene:not([hidden])")
    offered = visit.page.locator("#size option").all_inner_texts()
    assert [text.split(" ")[0] for text in offered] == ["256", "384", "512", "768", "1024"]
    assert "usual" in offered[0]
    visit.connect()
    visit.page.select_option("#size", "384")
    visit.page.wait_for_function("() => document.getElementById('video').videoWidth === 384")
    visit.wait_picture()


def test_a_thousand_changes_leave_the_call_alive(visit: Visit, server: ServerProcess) -> None:
    open_call(visit)
    visit.page.wait_for_timeout(1000)
    visit.client(
        """await (async () => {
            const all = [];
            for (let i = 0; i < 1000; i += 1) {
                const hex = (i % 256).toString(16).padStart(2, '0');
                const background = { kind: 'colour', colour: `#00${hex}40` };
                all.push(client.setStage({ background }));
                if (i % 50 === 0) await new Promise((next) => setTimeout(next, 40));
            }
            await Promise.all(all);
            await client.setStage({ background: { kind: 'colour', colour: '#c80000' } });
        })()"""
    )
    wait_pixel(visit, 2, 2, RED)
    visit.wait_state("live")
    assert server.metric("avatar_sessions_active") == 1
    # How smooth it is, is the engine's matter: tests/integration/test_stage_live.py.
    shown = visit.stats()["framesDecoded"]
    visit.page.wait_for_timeout(1500)
    assert visit.stats()["framesDecoded"] > shown
