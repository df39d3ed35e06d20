"""Faces of an engine in this process; the contract that others keep too is in tests/contract."""

from __future__ import annotations

import numpy as np
import pytest

from engines.loop import EngineStopped
from engines.mailbox import Mailbox
from engines.render.stage import AS_IT_IS, Colour, Stage
from engines.values import Picture
from server.faces import look_of
from tests.support.faces_world import SIZE, engine_room, opened, plan_of


async def test_a_look_is_worked_out_once_and_shown_at_rest() -> None:
    async with engine_room() as room:
        avatar = await room.local._gallery.load("ada")
        look = look_of(room.engine, avatar, SIZE, Stage(Colour((1, 2, 3))))
        assert look.still.shape == (SIZE, SIZE, 3) and (look.still[0] == (1, 2, 3)).all()
        again = await room.local.look(avatar, SIZE, Stage(Colour((1, 2, 3))))
        assert again.renderer is look.renderer
        assert (await room.local.look(avatar, SIZE, AS_IT_IS)).renderer is not look.renderer


async def test_an_engine_that_was_stopped_opens_nothing() -> None:
    async with engine_room() as room:
        room.engine.stop()
        frames: Mailbox[Picture] = Mailbox("frames", 8, "drop-oldest")
        with pytest.raises(EngineStopped):
            await room.local.open(plan_of("one"), frames)


async def test_steps_are_told_since_a_count() -> None:
    async with engine_room() as room:
        seen = await opened(room.local, "one")
        await seen.told(0.1)
        steps = seen.face.stats().motion.steps
        assert len(seen.face.steps("motion", 0)) >= 10
        assert seen.face.steps("motion", steps + 100) == []
        assert np.isfinite(seen.face.steps("render", 0)).all()
        seen.face.close()
