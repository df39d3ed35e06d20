"""The director: words act at once, a model's reading comes later or not at all."""

from __future__ import annotations

import asyncio

import pytest

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Act, Manner, Wish
from engines.scene.lexicon import Lexicon
from engines.scene.values import Scene
from server.director import Director, scene_event
from server.scene_writer import SceneWriter, WrittenScene
from server.session_states import Ending
from server.sessions import Session, SessionPlan
from server.settings import SceneSettings
from tests.support.fake_backend import FakeMedia
from tests.support.live_server import GOOD_OFFER


class FakeWriter(SceneWriter):
    """Writes what it was given."""

    def __init__(self, written: WrittenScene) -> None:
        super().__init__(SceneSettings(), Lexicon())
        self.written = written
        self.asked: list[str] = []

    async def write(self, attributes: object, prompt: str) -> WrittenScene:
        self.asked.append(prompt)
        return self.written


FROM_MODEL = WrittenScene(Scene("A calm woman.", {"energy": 0.2}, ("shrug",)), "llm")


async def session(
    written: WrittenScene, wishes: tuple[Wish, ...] = ()
) -> tuple[Session, FakeMedia, FakeWriter]:
    made: list[FakeMedia] = []

    async def build(plan: SessionPlan, events: object) -> FakeMedia:
        made.append(FakeMedia(plan, events))  # type: ignore[arg-type]
        return made[0]

    writer = FakeWriter(written)
    director = Director(Lexicon(), writer)
    plan = SessionPlan("s", "ada", "mirror", 256, 1, wishes=wishes)
    one = Session(plan, build, close_timeout_s=1, on_closed=lambda session: None, director=director)
    await one.answer(GOOD_OFFER)
    return one, made[0], writer


def acts(wishes: list[Wish]) -> list[str]:
    return [wish.name for wish in wishes if isinstance(wish, Act)]


async def test_words_act_at_once() -> None:
    one, media, writer = await session(FROM_MODEL)
    one.direct("She nods.")
    assert acts(media.wishes) == ["nod"] and not writer.asked, "asked once the loop is free"
    assert media.told[-1]["type"] == "scene" and media.told[-1]["source"] == "text"
    await one.aclose(Ending.CLIENT)


async def test_a_models_reading_follows() -> None:
    one, media, writer = await session(FROM_MODEL)
    one.direct("She is tired.")
    assert one._scene is not None
    await one._scene
    assert writer.asked == ["She is tired."]
    assert Manner({"energy": 0.2}) in media.wishes and acts(media.wishes) == ["shrug"]
    assert media.told[-1]["source"] == "llm"
    await one.aclose(Ending.CLIENT)


async def test_a_model_that_fails_is_told_and_changes_nothing() -> None:
    failed = WrittenScene(Scene("As people do.", {}), "template", "it answered 500")
    one, media, _ = await session(failed)
    one.direct("She nods.")
    before = list(media.wishes)
    assert one._scene is not None
    await one._scene
    assert media.wishes == before
    assert media.told[-1]["notice"] == "it answered 500"
    await one.aclose(Ending.CLIENT)


async def test_no_words_are_nothing_to_write_about() -> None:
    one, media, writer = await session(FROM_MODEL)
    one.direct("She nods.")
    one.direct(" ")
    assert one._scene is not None
    await asyncio.gather(one._scene, return_exceptions=True)
    assert one._scene.cancelled() and not writer.asked
    await one.aclose(Ending.CLIENT)


async def test_a_scene_leaves_the_temperature_that_is() -> None:
    one, media, _ = await session(FROM_MODEL, (Manner({}, 0.3),))
    one.direct("She is tired and slow.")
    manner = media.wishes[-1]
    assert isinstance(manner, Manner) and manner.dials and manner.temperature == 0.3
    one.wish(Manner({}, 0.7))
    assert one._scene is not None
    await one._scene
    assert Manner({"energy": 0.2}, 0.7) in media.wishes
    await one.aclose(Ending.CLIENT)


async def test_a_reading_ends_with_its_session() -> None:
    one, _, _ = await session(FROM_MODEL)
    one.direct("She nods.")
    task = one._scene
    await one.aclose(Ending.CLIENT)
    assert task is not None and (task.cancelled() or task.done() or task.cancelling())


def test_the_event_is_plain() -> None:
    event = scene_event(Scene("A calm woman.", {"energy": 0.25}, ("nod",)), "text")
    assert event["dials"] == {"energy": 0.25} and event["actions"] == ["nod"]
    assert "notice" not in event and event["mood"] is None
    sad = Scene("x", mood=EmotionOverride("sadness", intensity=0.6))
    assert scene_event(sad, "text")["mood"] == {"label": "sadness", "intensity": 0.6}
    assert scene_event(Scene("x", {}), "template", "late")["notice"] == "late"


def test_scenes_are_taken_and_long_ones_are_not() -> None:
    from pydantic import ValidationError

    from server.tellings import SceneTelling, read_telling

    assert read_telling({"type": "scene", "text": "She nods."}) == SceneTelling(
        type="scene", text="She nods."
    )
    with pytest.raises(ValidationError):
        read_telling({"type": "scene", "text": "x" * 4001})
