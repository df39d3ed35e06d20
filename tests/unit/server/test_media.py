"""The parts of a session joined: events, figures, endings; a real engine thread, no peer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from av import AudioFrame

from engines.loop import Engine
from engines.motion.wishes import Say, Wish
from engines.render.stage import Colour, Stage
from engines.values import F32
from server.codec_pool import CodecPool
from server.faces import LocalFaces
from server.gallery import Gallery
from server.listener import Ears
from server.media import LiveMedia, Machinery, media_factory
from server.media_metrics import engine_figures
from server.metrics import Metrics
from server.push_timeline import PushRefused
from server.rtc.offer_limits import BadOffer
from server.session_states import Ending, ending_of
from server.sessions import MediaEvents, SessionPlan
from server.settings import RtcSettings, Settings
from server.timeline import SegmentEvent
from tests.support import voices as sounds
from tests.support.fake_backend import FakeStore
from tests.support.fake_motion import FakeMotionModel
from tests.support.fake_renderer import FakeRenderer

SETTINGS = Settings(rtc=RtcSettings(bind_addresses=("127.0.0.1",)))


@dataclass
class Told:
    """What media told the session and the page."""

    connected: int = 0
    endings: list[tuple[Ending, str]] = field(default_factory=list)
    page: list[Mapping[str, object]] = field(default_factory=list)
    heard: list[Mapping[str, object]] = field(default_factory=list)

    def events(self) -> MediaEvents:
        def connected() -> None:
            self.connected += 1

        def ended(ending: Ending, detail: str) -> None:
            self.endings.append((ending, detail))

        return MediaEvents(connected, ended, self.heard.append)


@pytest.fixture
async def machinery() -> AsyncIterator[Machinery]:
    gallery = Gallery(FakeStore(), None)
    engine = Engine(
        FakeMotionModel(),
        on_fault=lambda session_id, error: None,
        renderer_factory=FakeRenderer,
    )
    async with CodecPool(1) as pool:
        engine.start()
        yield Machinery(SETTINGS, LocalFaces(engine, gallery), pool, Metrics())
        await asyncio.get_running_loop().run_in_executor(None, engine.stop)
    gallery.close()


async def build(machinery: Machinery, told: Told, voice: Any, **more: Any) -> LiveMedia:
    plan = SessionPlan("one", "ada", voice, 256, 1, **more)
    media = await media_factory(machinery)(plan, told.events())
    assert isinstance(media, LiveMedia)

    def tell(event: Mapping[str, object]) -> None:
        told.page.append(event)

    media.tell = tell  # type: ignore[method-assign]
    return media


async def test_a_mirror_session_has_a_microphone_and_no_voice(machinery: Machinery) -> None:
    told = Told()
    media = await build(machinery, told, "mirror")
    assert media.voice is None
    # Nobody has called yet, neither by an offer nor by a door.
    assert media.mic_silent_s() is None
    media.doors.paged = True
    silent_s = media.mic_silent_s()
    assert silent_s is not None
    assert 0 <= silent_s < 60
    assert set(media.queue_ages()) == {"mic", "frames", "audio_out", "video_out"}
    stats = await media.stats()
    assert (stats["voice"], stats["size"], stats["source"]["epoch"]) == ("mirror", 256, 0)
    json.dumps(stats)
    await media.aclose()
    await media.aclose()
    assert machinery.faces.stats().sessions == 0


class Scribe:
    """Hears always the same."""

    def transcribe(self, phrase: F32) -> str:
        return "I am so glad"


async def test_words_of_the_microphone_are_felt_and_told(machinery: Machinery) -> None:
    told, wishes = Told(), list[Wish]()
    with ThreadPoolExecutor(1) as thread:
        heard = replace(machinery, ears=Ears(Scribe(), thread))
        media = await build(heard, told, "mirror")
        media.wish = wishes.append  # type: ignore[assignment, method-assign]
        assert media._mic is not None
        sound = np.concatenate([sounds.voice(0.8), np.zeros(8000, np.float32)])
        data = (np.repeat(sound, 3) * 32767).astype(np.int16)
        for at in range(0, len(data) - 959, 960):
            frame = AudioFrame.from_ndarray(data[None, at : at + 960], "s16", "mono")
            frame.sample_rate, frame.pts = 48_000, at
            media._mic.feed(frame)
        writing = {task for task in asyncio.all_tasks() if task.get_name() == "asr"}
        await asyncio.wait(writing, timeout=20)
        await media.aclose()
    assert told.page[0] == {"type": "transcript", "text": "I am so glad"}
    assert wishes == [Say("I am so glad")]
    assert "asr" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_a_push_session_is_not_listened_to(machinery: Machinery) -> None:
    with ThreadPoolExecutor(1) as thread:
        media = await build(replace(machinery, ears=Ears(Scribe(), thread)), Told(), "push")
        assert media._mic is None
        await media.aclose()


async def test_connected_it_plays_and_tells(machinery: Machinery) -> None:
    told = Told()
    media = await build(machinery, told, "push")
    assert media.mic_silent_s() is None
    media._on_connected()
    assert told.connected == 1
    voice = media.voice
    assert voice is not None
    heard: list[Mapping[str, object]] = []
    finished = asyncio.Event()

    def listen(message: Mapping[str, object]) -> None:
        heard.append(message)
        if message["type"] == "finished":
            finished.set()

    voice.listen(listen)
    assert voice.start(16_000, None) == "s1"
    voice.feed(np.full(3200, 8000, "<i2").tobytes())
    voice.end(None)
    assert voice.buffered_s > 0
    async with asyncio.timeout(60):
        await finished.wait()
    assert [message["type"] for message in heard] == ["started", "finished"]
    await media.publish()
    kinds = [event["type"] for event in told.page]
    assert {"started", "finished", "stats", "state"} <= set(kinds)
    stats = told.page[-1]
    assert stats["frames_sent"]
    assert isinstance(stats["render_ms"], float)
    assert stats["rung"] == "way 0"
    with pytest.raises(PushRefused):
        voice.end(None)
    voice.listen(None)
    media._on_segment(SegmentEvent("started", "s9", 0.0))
    assert len(heard) == 2
    await media.aclose()


@pytest.mark.parametrize(
    ("message", "interrupts"),
    [
        ('{"type": "interrupt"}', 1),
        (b'{"type": "interrupt"}', 1),
        ('{"type": "sing"}', 0),
        ("[]", 0),
        ("hello", 0),
        ("[" * 1000, 0),
        ('{"type": "interrupt", "x": "' + "y" * 40_000 + '"}', 0),
    ],
)
async def test_a_page_may_interrupt_and_nothing_it_sends_breaks_anything(
    machinery: Machinery, message: str | bytes, interrupts: int
) -> None:
    media = await build(machinery, Told(), "push")
    media._on_connected()
    media._on_page_message(message)
    assert (await media.stats())["source"]["epoch"] == interrupts
    await media.aclose()


async def test_an_interrupt_is_timed_until_sound_leaves(machinery: Machinery) -> None:
    media = await build(machinery, Told(), "push")
    media._on_connected()
    taken = asyncio.create_task(media._audio_track.recv())
    await taken
    media._interrupt()
    for _ in range(8):
        await media._audio_track.recv()
    async with asyncio.timeout(60):
        while b"avatar_interrupt_to_silence_seconds_count 1.0" not in machinery.metrics.text():
            await media._audio_track.recv()
    await media.aclose()


async def test_interrupts_in_a_row_are_timed_as_one(
    machinery: Machinery, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = await build(machinery, Told(), "push")
    loop = asyncio.get_running_loop()
    timers: list[object] = []
    monkeypatch.setattr(loop, "call_later", lambda delay_s, *work: timers.append(work))
    for _ in range(50):
        media._interrupt()
    monkeypatch.undo()
    assert len(timers) == 1
    await media.aclose()


async def test_a_bad_offer_or_candidate_is_the_peers_to_refuse(machinery: Machinery) -> None:
    media = await build(machinery, Told(), "mirror")
    with pytest.raises(BadOffer):
        await media.add_candidate("candidate:1", "0", 0)
    with pytest.raises(BadOffer):
        await media.answer("hello")
    await media.aclose()


async def test_only_a_session_that_asked_for_it_is_probed(machinery: Machinery) -> None:
    plain = await build(machinery, Told(), "push")
    assert plain._player._probe is None
    await plain.aclose()
    probed = await build(machinery, Told(), "push", probe=True)
    assert probed._player._probe is not None
    await probed.aclose()


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("hung up", Ending.CLIENT),
        ("could not connect", Ending.NEVER_CONNECTED),
        ("connection lost", Ending.LOST),
        ("fault: KeyError in the microphone reader", Ending.FAULT),
    ],
)
def test_how_a_peer_closed_is_how_the_session_ends(reason: str, ending: Ending) -> None:
    assert ending_of(reason)[0] is ending


async def test_figures_are_in_milliseconds(machinery: Machinery) -> None:
    media = await build(machinery, Told(), "mirror")
    figures = engine_figures(media._face.stats())
    assert {"motion_mean_ms", "render_p95_ms", "queue_max_ms", "frames_rendered"} <= set(figures)
    assert not [name for name in figures if isinstance(figures[name], dict)]
    await media.aclose()


async def test_the_stage_of_the_plan_is_shown_and_can_be_changed(machinery: Machinery) -> None:
    media = await build(machinery, Told(), "push", stage=Stage(Colour((1, 2, 3))))
    before = media._player._idle_image
    assert before.shape == (256, 256, 3) and (before[0] == (1, 2, 3)).all()
    await media.show(Stage(Colour((9, 8, 7))))
    assert (media._player._idle_image[0] == (9, 8, 7)).all()
    media._on_connected()
    while not (picture := media._frames.get()) or tuple(picture.image[0, 0]) != (9, 8, 7):
        await media._audio_track.recv()
    await media.aclose()


async def test_messages_not_for_the_media_are_the_sessions(machinery: Machinery) -> None:
    told = Told()
    media = await build(machinery, told, "push")
    media._on_page_message('{"type": "stage", "mirrored": true}')
    media._on_page_message('{"type": "interrupt"}')
    media._on_page_message("[1]")
    assert told.heard == [{"type": "stage", "mirrored": True}]
    await media.aclose()


async def test_the_first_event_tells_mark_and_consent(machinery: Machinery) -> None:
    media = await build(machinery, Told(), "push", consent_given="2026-01-02T03:04:05Z")
    greeting = media._peer._greeting
    assert greeting["type"] == "disclosure" and greeting["synthetic"] is True
    assert greeting["mark"]["corner"] == "bottom-left"  # type: ignore[index]
    assert greeting["consent"] == {"given": "2026-01-02T03:04:05Z"}
    json.dumps(greeting)
    await media.aclose()
