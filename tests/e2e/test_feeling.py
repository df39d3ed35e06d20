"""Telling a running face from the browser: the client module, the Feeling card, what comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Visit
from tests.support.server_process import ServerProcess

FAKE_RECOGNITION = """globalThis.SpeechRecognition = class {
    start() { globalThis.recognition = this; globalThis.running = true; }
    abort() { globalThis.running = false; }
    say(text) {
        const result = Object.assign([{ transcript: text }], { isFinal: true });
        this.onresult({ results: [result], resultIndex: 0 });
    }
};"""
FELT = "(label) => document.getElementById('felt-label').textContent === label"
BAD = """async () => {
    const { AvatarClient } = await import('/synchrorama.js');
    const client = new AvatarClient({ voice: 'push' });
    const tries = [
        () => client.say(5), () => client.feel({}), () => client.feel(undefined),
        () => client.feel({ label: 'hunger' }), () => client.feel({ valence: 2 }),
        () => client.feel({ label: 'joy', intensity: NaN }), () => client.act('fly'),
        () => client.setManner({ wings: 1 }), () => client.setManner({ smile: '1' }),
        () => client.setManner({}, 9), () => client.listen({ speaking: true, energy: -1 }),
        () => client.setScene(7), () => new AvatarClient({ emotion: { label: 'hunger' } }),
        () => new AvatarClient({ manner: { temperature: 9 } }),
    ];
    const code = (run) => { try { run(); return 'taken'; } catch (error) { return error.code; } };
    return tries.map(code);
}"""
FACE = """async () => {
    const { AvatarClient } = await import('/synchrorama.js');
    const client = new AvatarClient({ voice: 'push', emotion: { label: 'joy', intensity: 0.8 } });
    const early = client.act('nod');
    const felt = new Promise((found) => client.addEventListener('emotion', ({ detail }) => {
        if (detail.label === 'joy') found(detail);
    }));
    const motions = [];
    const stop = client.onMotion((motion) => motions.push(motion));
    await client.connect();
    const first = await felt;
    const acted = client.act('raise_brows') && client.say('what a day') &&
        client.listen({ speaking: true }) && client.setManner({ smile: 1 }, 0.5) === undefined;
    while (motions.length < 60) await new Promise((later) => setTimeout(later, 50));
    stop();
    client.feel({ label: 'anger' });
    await new Promise((found) => client.addEventListener('emotion', ({ detail }) => {
        if (detail.label === 'anger') found();
    }));
    const kept = client.options.emotion;
    const before = motions.length;
    await client.close();
    return { early, first, acted, motions, kept, after: motions.length - before };
}"""

AGAIN = """async () => {
    const { AvatarClient } = await import('/synchrorama.js');
    const client = new AvatarClient({ voice: 'push' });
    client.feel({ label: 'anger', intensity: 0.9 });
    const motions = [];
    client.onMotion((motion) => motions.push(motion.names.length));
    await client.connect();
    await client.close();
    const before = motions.length;
    const felt = new Promise((found) => client.addEventListener('emotion', ({ detail }) => {
        if (detail.label === 'anger') found(detail.sources);
    }));
    await client.connect();
    const sources = await felt;
    while (motions.length < before + 10) await new Promise((later) => setTimeout(later, 50));
    await client.close();
    return [sources, new Set(motions).size, motions[0]];
}"""


def test_wrong_wishes_fail_where_they_are_made(visit: Visit) -> None:
    assert set(visit.page.evaluate(BAD)) == {"bad-wish"}


def test_the_module_tells_a_face_and_hears_what_it_shows(visit: Visit) -> None:
    seen = visit.page.evaluate(FACE)
    assert seen["early"] is False and seen["acted"] is True
    assert seen["first"]["sources"] == ["override"]
    assert set(seen["first"]) >= {"probabilities", "valence", "arousal", "intensity"}
    names, rows = seen["motions"][0]["names"], [motion["values"] for motion in seen["motions"]]
    assert names[17] == "jawOpen" and len(names) == len(rows[0]) == 58
    brows = [row[names.index("browInnerUp")] for row in rows]
    assert max(brows) - min(brows) > 0.3
    steps = [b["t"] - a["t"] for a, b in zip(seen["motions"], seen["motions"][1:], strict=False)]
    assert all(step > 0 for step in steps)
    assert seen["kept"] == {"label": "anger", "intensity": 1}
    assert seen["after"] == 0


def test_wishes_and_watchers_outlive_a_connection(visit: Visit) -> None:
    assert visit.page.evaluate(AGAIN) == [["override"], 1, 58]


def test_the_card_shows_what_is_felt_and_each_call_begins_with_what_it_hears(
    visit: Visit, folder: Path
) -> None:
    page = visit.page
    assert page.is_enabled("#feel") and page.is_disabled("#acts button")
    visit.connect()
    page.select_option("#feel", "joy")
    page.wait_for_function(FELT, arg="joy")
    page.click("#acts button[value=nod]")
    page.click(".dials summary")
    page.fill("#smile", "0.9")
    page.wait_for_function(
        "async () => (await import('/page/main.js')).page.client.options.manner.dials.smile > 0.8"
    )
    page.screenshot(path=folder / "feeling.png", full_page=True)
    page.click("#connect")
    visit.wait_state("closed")
    assert page.is_disabled("#acts button")
    assert page.input_value("#feel") == "" and page.is_hidden("#strength-row")
    assert page.inner_text("#felt-label") == "Shown while connected"
    visit.connect()
    assert visit.client("client.options.emotion") is None
    assert visit.client("client.options.manner.dials.smile") == pytest.approx(0.9)


def test_what_is_chosen_between_calls_is_for_the_next(visit: Visit) -> None:
    page = visit.page
    page.select_option("#feel", "anger")
    assert page.is_visible("#strength-row")
    visit.connect()
    page.wait_for_function(FELT, arg="anger")
    assert page.input_value("#feel") == "anger"
    page.click("#connect")
    visit.wait_state("closed")
    assert page.input_value("#feel") == ""
    page.select_option("#feel", "sadness")
    page.select_option("#feel", "")
    visit.connect()
    assert visit.client("client.options.emotion") is None


def test_another_face_in_a_call_feels_the_same(visit: Visit) -> None:
    page = visit.page
    visit.connect()
    page.select_option("#feel", "anger")
    page.wait_for_function(FELT, arg="anger")
    page.locator("#faces input:not(:checked)").first.check(force=True)
    visit.wait_state("connecting")
    visit.wait_picture()
    page.wait_for_function(FELT, arg="anger")
    assert page.input_value("#feel") == "anger"


def test_the_plot_is_drawn(visit: Visit) -> None:
    drawn = """() => {
        const canvas = document.getElementById('circumplex');
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return data.filter((value, at) => at % 4 === 3 && value > 0).length;
    }"""
    before = visit.page.evaluate(drawn)
    visit.connect()
    visit.page.wait_for_selector("#feel:enabled")
    visit.page.select_option("#feel", "anger")
    visit.page.wait_for_function(FELT, arg="anger")
    visit.page.wait_for_function(f"(before) => ({drawn})() > before + 300", arg=before)


def test_words_are_only_listened_to_when_wanted(browser: Browser, server: ServerProcess) -> None:
    context = browser.new_context(permissions=["microphone"])
    context.add_init_script(FAKE_RECOGNITION)
    visit = Visit(context, server.url)
    visit.connect()
    visit.page.wait_for_selector("#feel:enabled")
    assert not visit.page.is_checked("#words")
    assert visit.page.evaluate("globalThis.running") is None
    assert "maker may receive" in visit.page.inner_text("#words-row")
    visit.page.check("#words", force=True)
    assert visit.page.evaluate("globalThis.running") is True
    visit.page.evaluate("recognition.say('I am so happy, this is wonderful')")
    visit.page.wait_for_selector("#felt-from:has-text('the words')")
    visit.page.evaluate("recognition.onerror({ error: 'not-allowed' })")
    assert not visit.page.is_checked("#words")
    assert "did not allow" in visit.page.inner_text("#feeling-says")
    assert visit.page.evaluate("globalThis.running") is False
    context.close()
    assert visit.problems == []


def test_what_a_scene_was_taken_for_is_shown(visit: Visit) -> None:
    page = visit.page
    visit.connect()
    page.wait_for_selector("#feel:enabled")
    assert page.is_hidden("#scene-read")
    page.fill("#scene-text", "She is cheerful and slow. She nods.")
    page.press("#scene-text", "Enter")
    page.wait_for_selector("#scene-source:has-text('no language model')")
    assert page.inner_text("#scene-description").startswith("A woman")
    signs = page.locator("#scene-signs li").all_inner_texts()
    assert "Smile" in signs and "Tempo" in signs and "Nod" in signs
    # What it set stands where it can be changed.
    page.wait_for_function(FELT, arg="joy")
    assert page.input_value("#feel") == "joy"
    page.wait_for_selector("#felt-from:has-text('by the scene')")
    smile, tempo = (float(page.input_value(f"#{name}")) for name in ("smile", "tempo"))
    assert smile > 0.5 > tempo
    page.select_option("#feel", "fear")
    page.wait_for_selector("#felt-from:has-text('by your choice')")
    page.select_option("#feel", "")
    page.wait_for_selector("#felt-from:not(:has-text('your choice'))")
    page.fill("#scene-text", "It is Monday.")
    page.press("#scene-text", "Enter")
    page.wait_for_function("() => document.querySelectorAll('#scene-signs li').length === 0")
    page.fill("#scene-text", "")
    page.press("#scene-text", "Enter")
    page.wait_for_selector("#scene-read", state="hidden")


def test_the_variety_of_motion_is_told(visit: Visit) -> None:
    visit.connect()
    visit.page.wait_for_selector("#feel:enabled")
    visit.page.click(".dials summary")
    visit.page.fill("#temperature", "0.3")
    visit.page.wait_for_function(
        "async () => (await import('/page/main.js')).page.client.options.manner.temperature === 0.3"
    )
