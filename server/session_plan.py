"""What a session is to be, and what its media tell it: plain values that cross the border.

Runs on the event loop.
Never acts: `server.sessions` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from engines.motion.wishes import Wish
from engines.render.stage import AS_IT_IS, Stage
from server.push_segment import Cue
from server.session_states import Ending

Voice = Literal["mirror", "push", "assistant"]


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What a session is to be; settled when it is created."""

    id: str
    """Unguessable; whoever knows it controls the session."""
    avatar: str
    voice: Voice
    size: int
    """Pixels, square."""
    seed: int
    probe: bool = False
    """Whether the measuring strip is drawn and onsets are told (for benchmarks)."""
    stage: Stage = AS_IT_IS
    """As the session begins; `Session.staging` has what it is now."""
    wishes: tuple[Wish, ...] = ()
    """What the face is told before anything else."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Of the avatar, for the scene's description."""
    renderer: str = "auto"
    """What draws it at best."""
    consent_given: str | None = None
    """When the person agreed whose photo the avatar was made of; None for built-in avatars."""


@dataclass(frozen=True, slots=True)
class MediaEvents:
    """What media tells its session; called on the event loop."""

    connected: Callable[[], None]
    ended: Callable[[Ending, str], None]
    """The peer or a part has ended by itself; the text says more."""
    heard: Callable[[Mapping[str, object]], None] = lambda message: None
    """The page sent a message that is not for the media themselves."""
    interrupted: Callable[[], None] = lambda: None
    """The voice is silent from now on; what waited is dropped."""
    cue: Callable[[Cue], None] = lambda cue: None
    """A spoken text has come to it."""
