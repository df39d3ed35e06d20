"""What media processes and the engine process tell each other, each message a small value.

Plain data; made and read on event loops.
Never carries a picture: those lie in a ring, and a message gives the number.
"""

from __future__ import annotations

from dataclasses import dataclass

from engines.emotion.values import EmotionOverride
from engines.meters import EngineSessionStats, EngineStats, StepTimes
from engines.motion.wishes import Act, Feel, Listen, Manner, Say, Wish
from engines.render.stage import Backdrop, Blur, Colour, Image, Photo, Stage
from server.admission import Machine
from server.faces import FacePlan
from server.workers.frequent import FREQUENT
from server.workers.frequent import Drawn as Drawn
from server.workers.frequent import Hear as Hear
from server.workers.frequent import PictureMeta as PictureMeta
from server.workers.wire import Wire

# -- media process to engine process ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Open:
    """Open a face, whose pictures go into the ring of this name. Answered by Opened or Refused."""

    call: int
    plan: FacePlan
    ring: str


@dataclass(frozen=True, slots=True)
class Show:
    """Draw on another stage. Answered by Shown or Refused."""

    call: int
    session: str
    stage: Stage


@dataclass(frozen=True, slots=True)
class Obey:
    """What a face is told."""

    session: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class Close:
    """No picture is wanted any more."""

    session: str


# -- engine process to media process ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Welcome:
    """The first word of an engine that is warm."""

    lookahead: int
    renderer: str
    machine: Machine


@dataclass(frozen=True, slots=True)
class Opened:
    """The face is open; its still is the record `still` of the ring."""

    call: int
    still: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The stage has changed; the new still is the record `still` of the ring."""

    call: int
    still: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A call failed, in the words of an ApiError."""

    call: int
    status: int
    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Figures:
    """One face's figures, and the seconds of its new steps."""

    session: str
    stats: EngineSessionStats
    motion_s: tuple[float, ...]
    render_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Beat:
    """The engine's heartbeat."""

    stats: EngineStats


@dataclass(frozen=True, slots=True)
class Faulted:
    """The engine failed on one session, or (None) as a whole."""

    session: str | None
    error: str


WIRE = Wire(
    (
        *(Open, Show, Obey, Close),
        *(Welcome, Opened, Shown, Refused, Figures, Beat, Faulted),
        *(
            FacePlan,
            Machine,
            EngineSessionStats,
            EngineStats,
            StepTimes,
        ),
        *(Stage, Photo, Blur, Colour, Backdrop, Image),
        *(Say, Feel, Act, Manner, Listen, EmotionOverride),
    ),
    FREQUENT,
)
"""Everything that may be said."""
