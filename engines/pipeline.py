"""One session's way from sound to picture: chunker, motion, renderer, and their states.

Used by the engine thread, or by whoever drives `Engine.turn` without a thread.
Never decides when or whether a frame is drawn: that is the scheduler's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from engines.chunker import Chunker, ChunkerState
from engines.motion.wishes import Wish
from engines.render.conditions import NOTHING, Cues
from engines.sharing import Strokes, leave, nets_of, settle, strokes_of
from engines.values import F32, U8, AudioChunk, AudioWindow, MotionFrame, Picture


class Motion(Protocol):
    """What the pipeline needs of a motion model: shared weights, one state for each session."""

    @property
    def lookahead(self) -> int:
        """Samples after a frame's pts that it hears."""

    def new_state(self, seed: int) -> Any:
        """State of a new session."""

    def step(self, state: Any, window: AudioWindow) -> MotionFrame:
        """The motion of one window; `state` moves on."""

    def obey(self, state: Any, wish: Wish) -> None:
        """Take in what the session is told."""


class Renderer(Protocol):
    """What the pipeline needs of a renderer: static parts shared, one state for each session."""

    @property
    def size(self) -> int:
        """Side of its pictures."""

    @property
    def efforts(self) -> tuple[str, ...]:
        """Its ways to draw, by name: the best first, each cheaper than the one before."""

    def new_state(self, seed: int = 0) -> Any:
        """State of a new session; `seed` of what is random and stays the same in every frame."""

    def render(self, state: Any, motion: F32, cues: Cues = NOTHING, effort: int = 0) -> U8:
        """Picture u8[size,size,3] (BGR) of a motion f32[58]; `state` moves on.

        `effort`: index among `efforts`.
        """


@dataclass(slots=True)
class PipelineState:
    """All that one session remembers."""

    chunks: ChunkerState
    motion: Any
    render: Any
    seed: int


class Pipeline:
    """The three stages of one avatar at one size; holds no session's state."""

    def __init__(self, motion: Motion, renderer: Renderer, chunker: Chunker) -> None:
        self._motion = motion
        self._renderer = renderer
        self._chunker = chunker
        self.batch = batch_of(renderer)
        """As the function."""

    def new_state(self, seed: int) -> PipelineState:
        """State of a new session; equal seeds and equal sound give equal pictures."""
        return PipelineState(
            self._chunker.new_state(),
            self._motion.new_state(seed),
            self._renderer.new_state(seed),
            seed,
        )

    @property
    def efforts(self) -> tuple[str, ...]:
        """The renderer's ways to draw, best first."""
        return self._renderer.efforts

    def drawn_by(self, renderer: Renderer, state: PipelineState) -> Pipeline:
        """The same sound and motion, drawn by another renderer; `state` is made ready for it."""
        self.leave(state)
        state.render = renderer.new_state(state.seed)
        other = Pipeline(self._motion, renderer, self._chunker)
        other.settle(state)
        return other

    def settle(self, state: PipelineState) -> None:
        """A session will be drawn with this state."""
        settle(self._renderer, state.render)

    def leave(self, state: PipelineState) -> None:
        """It will not be drawn any more. Idempotent."""
        leave(self._renderer, state.render)

    def obey(self, state: PipelineState, wish: Wish) -> None:
        """Take in what the session is told; it shows from the next motion on."""
        self._motion.obey(state.motion, wish)

    def feed(self, state: PipelineState, chunk: AudioChunk) -> list[AudioWindow]:
        """Take a chunk; return the windows it completed, each to be given to `move` in order."""
        return self._chunker.step(state.chunks, chunk)

    def move(self, state: PipelineState, window: AudioWindow) -> MotionFrame:
        """The motion of a window; to be called for every window, drawn or not."""
        return self._motion.step(state.motion, window)

    def draw(self, state: PipelineState, frame: MotionFrame, effort: int = 0) -> Picture:
        """The picture of a motion (the costly step), drawn with one of `efforts`."""
        image = self._renderer.render(state.render, frame.motion, _cues(frame), effort)
        return Picture(frame.pts, frame.epoch, image, frame.motion, frame.emotion)

    def strokes(
        self, state: PipelineState, frame: MotionFrame, effort: int = 0
    ) -> Strokes[Picture]:
        """The same picture, made beside others (`engines.sharing.together`)."""
        image = yield from strokes_of(
            self._renderer, state.render, frame.motion, _cues(frame), effort
        )
        return Picture(frame.pts, frame.epoch, image, frame.motion, frame.emotion)


def batch_of(renderer: Renderer) -> str:
    """Pictures by renderers of equal ones may be made side by side, at equal cost."""
    return f"{nets_of(renderer)} {renderer.size} {', '.join(renderer.efforts)}"


def gains(batch: str) -> bool:
    """Whether pictures of a `batch_of` share a net; without one they only wait for each other."""
    return not batch.startswith(" ")


def _cues(frame: MotionFrame) -> Cues:
    felt = frame.emotion.z if frame.emotion is not None else None
    return Cues(frame.sound, felt, frame.manner)
