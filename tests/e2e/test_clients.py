"""Unmodified WHIP, WHEP and SmallWebRTC clients from npm, from a page of another origin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.browser import SLOW_MS
from tests.support.npm_clients import bundle, why_not
from tests.support.server_process import ServerProcess
from tests.support.small_site import small_site

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

PAGE = """<!doctype html><title>clients</title><video id=video autoplay playsinline muted></video>
<script type=module>
import * as clients from "/clients.js";
globalThis.clients = clients;
globalThis.listen = (track) => {
    // Chromium decodes a remote track only where it is attached.
    globalThis.sink = new Audio();
    Object.assign(sink, { srcObject: new MediaStream([track]), muted: true });
    const analyser = new AudioContext().createAnalyser();
    analyser.context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    globalThis.loudest = 0;
    setInterval(() => {
        const wave = new Float32Array(analyser.fftSize);
        analyser.getFloatTimeDomainData(wave);
        loudest = Math.max(loudest, ...wave.map(Math.abs));
    }, 50);
};
globalThis.watch = () => {
    const canvas = new OffscreenCanvas(32, 32).getContext("2d", { willReadFrequently: true });
    globalThis.pictures = new Set();
    const look = () => {
        canvas.drawImage(video, 0, 0, 32, 32);
        pictures.add(canvas.getImageData(0, 0, 32, 32).data.join());
        video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
};
document.body.dataset.ready = true;
</script>"""


@pytest.fixture(scope="module")
def origin(folder: Path) -> Iterator[str]:
    """Where the page is."""
    script = bundle(folder / "clients.js")
    with small_site({"index.html": PAGE, "clients.js": script, "favicon.ico": ""}) as served:
        yield served


@pytest.fixture(scope="module")
def server(folder: Path, origin: str) -> Iterator[ServerProcess]:
    """With two places, for pages of one other origin."""
    settings = {
        "SYNCHRORAMA_SESSION_MAX_SESSIONS": "2",
        "SYNCHRORAMA_SESSION_SIZE": "256",
        "SYNCHRORAMA_SERVER_CORS_ORIGINS": origin,
    }
    with ServerProcess(folder / "clients.log", settings) as started:
        yield started


@pytest.fixture
def page(context: BrowserContext, origin: str) -> Iterator[Page]:
    """The page, whose clients are loaded; its scripts must not fail."""
    made = context.new_page()
    made.set_default_timeout(SLOW_MS)
    problems: list[str] = []
    made.on("pageerror", lambda error: problems.append(str(error)))
    made.goto(origin)
    made.wait_for_selector("[data-ready]")
    yield made
    made.goto("about:blank")
    assert problems == []


def test_eyevinn_publishes_and_plays(page: Page, server: ServerProcess) -> None:
    page.evaluate(
        """async (url) => {
            const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
            globalThis.whip = new clients.WHIPClient({
                endpoint: url + "/whip/studio?avatar=aria&seed=1", opts: { iceServers: [] } });
            await whip.ingest(stream);
            globalThis.resource = await whip.getResourceUrl();
        }""",
        server.url,
    )
    assert "/whip/r/" in page.evaluate("resource")
    # It reads from the answer to its OPTIONS that it may trickle.
    assert page.evaluate("whip.supportTrickleIce()") in (True, False)
    page.wait_for_function("whip.peer.connectionState === 'connected'")
    page.evaluate(
        """async (url) => {
            globalThis.player = new clients.WebRTCPlayer({ video, type: "whep", iceServers: [] });
            await player.load(new URL(url + "/whep/studio"));
        }""",
        server.url,
    )
    page.wait_for_function("video.videoWidth === 256")
    page.evaluate("watch(); listen(video.srcObject.getAudioTracks()[0]);")
    # The picture moves, and the voice that went in comes back.
    page.wait_for_function("pictures.size > 20 && loudest > 0.05")
    assert server.metric("avatar_sessions_active") == 1
    page.evaluate("player.unload()")
    page.evaluate("whip.destroy()")
    assert server.metric("avatar_sessions_active") == 0


def test_a_page_is_told_when_to_come_again(page: Page, server: ServerProcess) -> None:
    told = page.evaluate(
        """async (url) => {
            const post = (path) => fetch(url + path, { method: "POST", body: "v=0",
                headers: { "Content-Type": "application/sdp" } });
            const nobody = await post("/whep/nobody");
            return [nobody.status, nobody.headers.get("Retry-After")];
        }""",
        server.url,
    )
    assert told == [404, "5"]


def test_pipecats_transport_gets_a_face(page: Page, server: ServerProcess) -> None:
    page.evaluate(
        """async (url) => {
            globalThis.events = [];
            const note = (name) => (data) => events.push([name, data]);
            globalThis.pipecat = new clients.PipecatClient({
                transport: new clients.SmallWebRTCTransport({ iceServers: [],
                    mediaManager: new clients.WavMediaManager() }),
                enableMic: true, enableCam: false,
                callbacks: {
                    onBotReady: note("ready"), onError: note("error"),
                    onBotStartedSpeaking: note("speaking"),
                    onTrackStarted: (track, who) => {
                        events.push(["track", track.kind, who?.local ?? null]);
                        if (track.kind === "video") video.srcObject = new MediaStream([track]);
                        else if (!who?.local) listen(track);
                    },
                },
            });
            await pipecat.startBotAndConnect({
                endpoint: url + "/start", requestData: { body: { avatar: "aria", seed: 1 } } });
        }""",
        server.url,
    )
    page.wait_for_function("video.videoWidth === 256 && events.some(([name]) => name === 'ready')")
    page.evaluate("watch()")
    page.wait_for_function("pictures.size > 20 && loudest > 0.05")
    page.wait_for_function("events.some(([name]) => name === 'speaking')")
    assert server.metric("avatar_sessions_active") == 1
    page.evaluate("pipecat.disconnect()")
    page.wait_for_function(
        """async (url) => / 0(\\.0)?$/m.test((await (await fetch(url + "/metrics")).text())
            .match(/^avatar_sessions_active .*$/m)[0])""",
        arg=server.url,
        polling=200,
    )
