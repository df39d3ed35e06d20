"""Every message survives the wire."""

from __future__ import annotations

import pytest

from engines.emotion.values import EmotionOverride
from engines.meters import EngineSessionStats, EngineStats
from engines.motion.wishes import Act, Feel, Listen, Manner, Say
from engines.render.stage import Backdrop, Blur, Colour, Photo, Stage
from server.admission import Machine
from server.faces import FacePlan
from server.workers import messages as m

STAGES = [Stage(Photo()), Stage(Blur(0.3), "head"), Stage(Colour((1, 2, 3)), mirrored=True)]
PLAIN: list[object] = [
    m.Open(1, FacePlan("s", "aria", 512, Stage(Backdrop("dusk")), 7, "auto"), "psm_1"),
    *(m.Show(2, "s", stage) for stage in STAGES),
    *(
        m.Obey("s", wish)
        for wish in (
            Say("hello"),
            Feel(EmotionOverride("joy", intensity=0.5)),
            Feel(None),
            Act("nod"),
            Manner({"energy": 0.7}, 0.5),
            Listen(True, 0.4),
        )
    ),
    m.Close("s"),
    m.Welcome(1280, "diffusion", Machine(2, 0.012, 2)),
    m.Opened(1, 5),
    m.Shown(2, 6),
    m.Refused(3, 404, "unknown_avatar", "no avatar", "see the list"),
    m.Drawn("s", 9),
    m.Figures("s", EngineSessionStats(drawn={"motion frame": 3}), (0.1,), ()),
    m.Beat(EngineStats(2, 0.5, 0.01, 77, 3, 1)),
    m.Faulted(None, "KeyError"),
]


@pytest.mark.parametrize("message", PLAIN, ids=lambda message: type(message).__name__)
def test_a_message_comes_back_whole(message: object) -> None:
    assert m.WIRE.unpack(m.WIRE.pack(message)) == message
