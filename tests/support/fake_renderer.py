"""A stand-in for WarpRenderer: paints the motion as plain bars, with a settable delay and fault.

Used on whatever thread drives the engine under test.
Never reads an avatar's arrays and never sleeps by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engines.render.conditions import NOTHING, Cues
from engines.render.stage import AS_IT_IS, Colour, Stage
from engines.values import F32, MOTION_INDEX, MOTION_SIZE, U8
from tests.support.fake_motion import FakeFault

_JAW = MOTION_INDEX["jawOpen"]


@dataclass(frozen=True)
class FakeAvatar:
    """What the engine needs of an avatar: a name."""

    name: str = "fake"
    title: str = "Fake"


@dataclass
class FakeRenderState:
    """One session: pictures drawn so far, and a leaky memory of the jaw."""

    drawn: int = 0
    jaw: float = 0.0
    efforts: list[int] = field(default_factory=list)
    cues: list[Cues] = field(default_factory=list)


class FakeRenderer:
    """The interface of WarpRenderer: one grey bar for each of the 58 motion values.

    The bottom row holds the number of pictures drawn by this state and its leaky jaw, so that
    leaked state shows. A plain colour of the stage fills the top row. `delay_s` is handed to
    `wait` at each picture; the picture number `fail_at` (of one state) and all after it raise
    FakeFault.
    """

    def __init__(
        self,
        avatar: object,
        size: int = 512,
        stage: Stage = AS_IT_IS,
        *,
        delay_s: float = 0.0,
        wait: Callable[[float], None] | None = None,
        fail_at: int | None = None,
        costs: tuple[float, ...] = (),
    ) -> None:
        self.avatar = avatar
        self.size = size
        self.stage = stage
        self.delay_s = delay_s
        self.wait = wait
        self.fail_at = fail_at
        self.costs = costs
        """Seconds of each way to draw, in place of `delay_s`."""
        self.rendered = 0

    @property
    def efforts(self) -> tuple[str, ...]:
        """As many ways as `costs`, or one."""
        return tuple(f"way {i}" for i in range(max(len(self.costs), 1)))

    def new_state(self, seed: int = 0) -> FakeRenderState:
        """State of a new session."""
        return FakeRenderState()

    def render(
        self, state: FakeRenderState, motion: F32, cues: Cues = NOTHING, effort: int = 0
    ) -> U8:
        """Picture u8[size,size,3] of a motion f32[58]; raises FakeFault when told to."""
        if motion.shape != (MOTION_SIZE,):
            raise ValueError(f"motion must be f32[{MOTION_SIZE}], got {motion.shape}")
        delay_s = self.costs[effort] if self.costs else self.delay_s
        if self.wait is not None and delay_s > 0:
            self.wait(delay_s)
        state.efforts.append(effort)
        state.cues.append(cues)
        if self.fail_at is not None and state.drawn >= self.fail_at:
            raise FakeFault(f"picture {state.drawn} fails")
        state.drawn += 1
        self.rendered += 1
        state.jaw = 0.5 * state.jaw + 0.5 * float(motion[_JAW])
        columns = np.arange(self.size) * MOTION_SIZE // self.size
        bars = np.clip(128 + 127 * motion, 0, 255).astype(np.uint8)[columns]
        image: U8 = np.repeat(bars[None, :, None], self.size, axis=0).repeat(3, axis=2)
        if isinstance(self.stage.background, Colour):
            image[0] = self.stage.background.bgr
        image[-1] = state.drawn % 256
        image[-1, self.size // 2 :] = int(255 * state.jaw)
        return image


def fake_factory(
    *, delay_s: float = 0.0, wait: Callable[[float], None] | None = None, fail_at: int | None = None
) -> Callable[[object, int, Stage], FakeRenderer]:
    """A renderer factory for `Engine(renderer_factory=...)` that makes FakeRenderers."""

    def build(avatar: object, size: int, stage: Stage) -> FakeRenderer:
        return FakeRenderer(avatar, size, stage, delay_s=delay_s, wait=wait, fail_at=fail_at)

    return build
