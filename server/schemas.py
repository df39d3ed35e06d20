"""What the API takes and gives, as checked models: the source of the page /docs.

Runs on the event loop.
Never acts on what it holds.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engines.render.mark import Corner
from server.assistant.told import AssistantTold
from server.bodies import Strict
from server.director import MAX_TEXT
from server.settings import SIZES
from server.speech.messages import SpeechTold
from server.stage_wishes import StageChange, StageReply
from server.tellings import EmotionTelling, MannerTelling

Voice = Literal["mirror", "push", "assistant"]
NOTICE = "This face is made by a computer. Nobody is being filmed."
MAX_CANDIDATES = 32
"""Candidates of one trickle request; browsers send one to four at a time."""


class SessionRequest(Strict):
    """What a new session should be."""

    avatar: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        None, description="Name from GET /v1/avatars; the default avatar when left out."
    )
    voice: Voice = Field(
        "mirror",
        description="mirror: the microphone drives the face; push: speech over the websocket; "
        "assistant: the server's own assistant hears, answers and speaks.",
    )
    size: int | None = Field(
        None, description=f"Picture size in pixels, one of {', '.join(map(str, SIZES))}."
    )
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        None, description="Of blinks, gaze and sway; random when left out."
    )
    stage: StageChange = Field(
        default=StageChange(),
        description="Background, framing, mirrored; the portrait as it is when left out.",
    )
    emotion: EmotionTelling | None = Field(
        None, description="What the face shows from its first picture on; as told later."
    )
    manner: MannerTelling | None = Field(
        None, description="How the face moves from its first picture on; as told later."
    )
    scene: Annotated[str, Field(max_length=MAX_TEXT)] | None = Field(
        None, description="The scene in words (a system prompt will do): manner, mood, actions."
    )
    renderer: Literal["auto", "diffusion", "motion-frame"] = Field(
        "auto",
        description="What draws it at best: auto, what the server has; motion-frame: the warped "
        "portrait alone, which costs the server least.",
    )
    probe: bool = Field(
        False, description="Draw the measuring strip into the picture (for benchmarks)."
    )


class IceServerReply(BaseModel):
    """One entry of the browser's `iceServers`."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class Limits(BaseModel):
    """What ends a session or refuses a message."""

    offer_timeout_s: float = Field(description="The offer must come within this time.")
    connect_timeout_s: float = Field(description="The peer must connect within this time.")
    max_duration_s: float | None = Field(description="Longest life; null: no limit.")
    max_body_bytes: int
    max_push_message_bytes: int


class MarkReply(BaseModel):
    """The visible mark in the picture's own pixels."""

    text: str
    corner: Corner
    size: float = Field(description="Height of the letters as a share of the picture's side.")
    opacity: float


class ConsentReply(BaseModel):
    """That the person whose photo this is has agreed; their words stay on the server."""

    given: str = Field(description="When, in UTC (ISO 8601).")


class Disclosure(BaseModel):
    """What a viewer has a right to know, for programs: the picture is made by a computer."""

    synthetic: Literal[True] = True
    kind: Literal["ai_generated_video"] = "ai_generated_video"
    notice: str = NOTICE
    mark: MarkReply | None = Field(None, description="null: the server draws none.")
    consent: ConsentReply | None = Field(None, description="Of avatars made of a user's photo.")


class SessionReply(BaseModel):
    """A session, as created."""

    id: str = Field(description="Whoever knows it controls the session: keep it secret.")
    state: str
    avatar: str
    voice: Voice
    size: int
    seed: int
    renderer: str = Field(description="What draws it at best: diffusion or motion-frame.")
    limits: Limits
    ice_servers: list[IceServerReply]
    expires_in_s: float | None = Field(description="Until the session is closed as it stands.")
    stage: StageReply
    disclosure: Disclosure
    watch: str = Field(description="WHEP: who knows this path may look on, and no more.")


class Description(Strict):
    """An SDP, as `RTCSessionDescription` gives it."""

    sdp: Annotated[str, Field(min_length=1)]
    type: Literal["offer", "answer"]


class Candidate(BaseModel):
    """One ICE candidate, as `RTCIceCandidate.toJSON` gives it; an empty one ends the list."""

    model_config = ConfigDict(extra="ignore")

    candidate: Annotated[str, Field(max_length=1024)]
    sdpMid: Annotated[str, Field(max_length=64)] | None = None  # noqa: N815 - the browser's name
    sdpMLineIndex: Annotated[int, Field(ge=0, le=15)] | None = None  # noqa: N815


class Trickle(Strict):
    """Candidates found after the offer was sent."""

    candidates: Annotated[list[Candidate], Field(max_length=MAX_CANDIDATES)]


class CapabilitiesReply(BaseModel):
    """What this server does, in the numbers a client needs."""

    version: str
    fps: int
    sizes: list[int]
    size: int = Field(description="The default picture size.")
    framings: list[str] = Field(description="How close a session may frame the person.")
    backdrops: list[str] = Field(
        description="Built-in backgrounds; a small picture of each: /v1/backdrops/{name}.jpg."
    )
    own_backgrounds: bool = Field(description="Whether a session may be given a picture.")
    marked: bool = Field(description="Whether pictures and films carry the visible AI mark.")
    sample_rate_hz: int = Field(description="Of media time.")
    hop_ms: float = Field(description="Sound is worked on in steps of this length.")
    lookahead_ms: float = Field(description="Sound a picture waits for beyond its own time.")
    playout_delay_ms: int = Field(
        description="From a sample's arrival to its release, as a call begins."
    )
    renderers: list[str] = Field(description="What may draw a session, the best first.")
    voices: list[str]
    push_sample_rates_hz: list[int] = Field(description="Rates that pushed speech may have.")
    speech: SpeechTold = Field(description="Who speaks texts; docs/speak.md.")
    assistant: AssistantTold
    max_sessions: int = Field(description="Of the usual size, as many as would be admitted.")
    active_sessions: int
    motion_names: list[str] = Field(description="Order of the 58 motion values.")


class ErrorDetail(BaseModel):
    """What is wrong and what to do."""

    code: str
    message: str
    hint: str


class ErrorReply(BaseModel):
    """The body of every error."""

    error: ErrorDetail
