"""The motion frame with mouth and eyes, or the whole face, drawn anew by few-step diffusion.

Engine thread; one renderer per avatar and size, shared by sessions; each has a state.
Never moves anything and never hides a fault of a net: what it raises ends that session.

How it works, its ladder and its limits: docs/renderer.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from engines.avatars.bundle import SIZE, Avatar
from engines.backends.base import OutOfDeviceMemory
from engines.render.boxes import EYE, MOUTH, Boxes, Kind, PlacedBox
from engines.render.conditions import NOTHING, Cues, condition, mirrored
from engines.render.nets import HELD, LEVELS, RendererNets, as_input, as_shares, of_avatar
from engines.render.sampler import sampling, session_noise, start
from engines.render.stage import AS_IT_IS, Stage
from engines.render.warp import MOTION_FRAME, RenderState, WarpRenderer, timed
from engines.sharing import Ask, Strokes, alone
from engines.values import F32, MOTION_SIZE, U8

log = logging.getLogger(__name__)
FADE_FRAMES = 4
"""A box that is left out, or comes back, does so over 160 ms."""
GROUPS: dict[Kind, slice] = {MOUTH: slice(0, 1), EYE: slice(1, 3)}
"""Which of `Boxes.place` one run of a net draws: both eyes together."""


def groups_of(nets: RendererNets) -> dict[Kind, slice]:
    """The same of some nets: those of a whole face have the one box."""
    return GROUPS if nets.face is None else {nets.face: slice(0, 1)}


@dataclass(frozen=True, slots=True)
class Effort:
    """One way to draw."""

    name: str
    steps: int
    """Of the sampler."""
    kinds: tuple[Kind, ...]
    """Boxes that are drawn."""


@dataclass(slots=True)
class BoxState:
    """What a session keeps of one kind of box."""

    noise: F32
    """f32[N,*latent_shape]: the same in every frame, so that texture does not boil."""
    previous: F32
    """Of the same shape: the residual drawn in the frame before; 0 where none was."""
    share: float = -1.0
    """How far it is faded in, 0..1; negative: no frame has been drawn yet."""
    drawn: int = 0
    """Frames for which its net has run."""
    slots: tuple[int, ...] = ()
    """Where its rows lie on the card; none: they go there with each frame."""


@dataclass(slots=True)
class DiffusionState:
    """What a session keeps between frames."""

    warp: RenderState
    boxes: dict[Kind, BoxState]

    @property
    def frames(self) -> int:
        """Pictures drawn."""
        return self.warp.frames

    @property
    def stage_s(self) -> dict[str, float]:
        """Time spent in each stage since the state was made."""
        return self.warp.stage_s


class DiffusionRenderer:
    """Draws one avatar on one stage."""

    def __init__(
        self,
        avatar: Avatar,
        size: int = SIZE,
        stage: Stage = AS_IT_IS,
        *,
        nets: RendererNets,
        steps: int | None = None,
    ) -> None:
        """size: side of the square picture, a multiple of 16, 128 to 1024.

        An avatar with nets of its own is drawn with them instead of `nets`. `steps` of the
        sampler, 1 to 4; None: what the nets were distilled for. Raises BadRendererWeights.
        """
        nets = of_avatar(avatar.personal, nets)
        steps = nets.steps if steps is None else steps
        if not 1 <= steps <= 4:
            raise ValueError(f"{steps} steps: take 1 to 4")
        self.size = size
        self._nets = nets
        self._warp = WarpRenderer(avatar, size, stage)
        rest = self._warp.mesh(np.zeros(MOTION_SIZE, np.float32))
        self._boxes = Boxes(rest.placed, nets.face)
        self._groups = groups_of(nets)
        chosen = avatar.paste if avatar.paste_nets == nets.digest else {}
        self._weights = {kind: chosen.get(kind.name, 1.0) for kind in self._groups}
        self._efforts = efforts([kind for kind, weight in self._weights.items() if weight], steps)
        picture = self._warp.draw(self._warp.new_state(), rest)
        self._references = {
            kind: self._reference(kind, picture, self._boxes.place(rest.placed)[group])
            for kind, group in self._groups.items()
        }

    @property
    def efforts(self) -> tuple[str, ...]:
        """Names of the ways to draw, best first; the last is the motion frame alone."""
        return tuple(effort.name for effort in self._efforts)

    @property
    def nets(self) -> str:
        """As `SharingRenderer.nets`."""
        return self._nets.digest

    def new_state(self, seed: int = 0) -> DiffusionState:
        """A session's own state, 5 MB at 512; `seed` of its noise."""
        boxes = {}
        for kind, group in self._groups.items():
            shape = (group.stop - group.start, *kind.latent_shape)
            boxes[kind] = BoxState(session_noise(seed, shape), np.zeros(shape, np.float32))
        return DiffusionState(self._warp.new_state(), boxes)

    def settle(self, state: DiffusionState) -> None:
        """Keep a session's rows on the card, where there is room; engine thread."""
        for kind in self._groups:
            box, slots = state.boxes[kind], self._nets.slots.get(kind.name)
            if slots is None or box.slots:
                continue
            try:
                for _ in box.noise:
                    box.slots += (slots.take(),)
            except OutOfDeviceMemory as error:
                log.warning("a session's rows stay on the processor", extra={"reason": str(error)})
                self._free(kind, box)
                continue
            held = {
                "previous": box.previous,
                "noised": start(box.noise),
                "reference": self._references[kind],
            }
            for name, rows in held.items():
                for slot, row in zip(box.slots, rows, strict=True):
                    slots.put(slot, name, row)

    def leave(self, state: DiffusionState) -> None:
        """Give the room back. Idempotent."""
        for kind, box in state.boxes.items():
            self._free(kind, box)

    def _free(self, kind: Kind, box: BoxState) -> None:
        for slot in box.slots:
            self._nets.slots[kind.name].free(slot)
        box.slots = ()

    def render(
        self, state: DiffusionState, motion: F32, cues: Cues = NOTHING, effort: int = 0
    ) -> U8:
        """u8[size,size,3] BGR for f32[58] in MOTION_NAMES order; a new array each time.

        `effort`: index among `efforts`. Raises ValueError for a motion that is not 58 finite
        numbers, FloatingPointError for a net whose result is not finite, BackendError for one that
        cannot run.
        """
        return alone(self.strokes(state, motion, cues, effort))

    def strokes(
        self, state: DiffusionState, motion: F32, cues: Cues = NOTHING, effort: int = 0
    ) -> Strokes[U8]:
        """As `SharingRenderer.strokes`: the mouth's net is asked for first, then the eyes'."""
        way = self._efforts[effort]
        with timed(state.warp, "mesh"):
            mesh = self._warp.mesh(motion)
        picture = self._warp.draw(state.warp, mesh)
        shown = [kind for kind in self._groups if self._fade(state, kind, kind in way.kinds)]
        if shown:
            with timed(state.warp, "boxes"):
                placed = self._boxes.place(mesh.placed)
            known = self._nets.known(cues)
            told = [condition(motion, known), condition(motion, known)]
            # The box of the second eye is a mirror's, so is what moves in it.
            told.append(condition(mirrored(motion), known))
            for kind in shown:
                group = self._groups[kind]
                rows = np.stack(told[group])
                yield from self._refine(state, kind, placed[group], picture, rows, way.steps)
        return self._warp.finish(picture)

    def _refine(
        self,
        state: DiffusionState,
        kind: Kind,
        placed: Sequence[PlacedBox],
        picture: U8,
        told: F32,
        steps: int,
    ) -> Strokes[None]:
        """Draw the boxes of a kind into the picture."""
        box = state.boxes[kind]
        with timed(state.warp, "boxes"):
            seen = as_input(np.stack([each.cut(picture) for each in placed]))
            if kind.latent:
                seen = yield self._ask(kind, "encoder", self._nets.encoded, {"box": seen})
            fixed = {
                "picture": seen,
                "masks": as_shares(np.stack([each.masks() for each in placed])),
                "previous": box.previous,
                "condition": told,
                "reference": self._references[kind],
            }
        # Drawn beside others, this is the time for all of them.
        with timed(state.warp, f"{kind.name} net"):
            # A box on its way out is still drawn, at the least cost.
            residual = yield from self._sampled(kind, fixed, box, max(steps, 1))
            change = residual
            if kind.latent:
                both = {"picture": seen, "residual": residual}
                change = yield self._ask(kind, "decoder", self._nets.changed, both)
        if not np.isfinite(change).all():
            raise FloatingPointError(f"the {kind.name} net gave what is no number")
        box.previous = residual
        box.drawn += 1
        weight = box.share * self._weights[kind]
        with timed(state.warp, "paste"):
            for each, layer in zip(placed, change, strict=True):
                levels = np.ascontiguousarray(layer.transpose(1, 2, 0)) * np.float32(LEVELS)
                each.paste(picture, levels, weight)

    def _ask(self, kind: Kind, half: str, run: Callable[..., F32], feeds: Mapping[str, F32]) -> Ask:
        """For a half of the codec, whose arguments are fed by name."""
        order = list(self._groups).index(kind)
        return Ask((id(self._nets), half), order, lambda fed, _: run(kind, **fed), feeds)

    def _sampled(
        self, kind: Kind, fixed: Mapping[str, F32], box: BoxState, steps: int
    ) -> Strokes[F32]:
        """The residual that the net draws out of the noise."""
        nets, drawing = self._nets, sampling(box.noise, steps)
        held = HELD if box.slots else ()
        try:
            noised, time = next(drawing)
            for number in range(1, steps + 1):
                feeds = {**fixed, "noised": noised, "time": np.full((len(noised), 1), time, "f4")}
                # Where they lie already; only the first step begins from the noise itself.
                for name in held if number == 1 else [each for each in held if each != "noised"]:
                    del feeds[name]
                last = number == steps
                clean = yield Ask(
                    net=(id(nets), kind.name, last),
                    order=list(self._groups).index(kind),
                    run=partial(nets.residual, kind, keep=last),
                    feeds=feeds,
                    slots=box.slots,
                )
                noised, time = drawing.send(clean)
        except StopIteration as done:
            residual: F32 = done.value
            return residual
        raise AssertionError("the sampler takes as many steps as it was told")

    def _fade(self, state: DiffusionState, kind: Kind, wanted: bool) -> bool:
        """Move a box's share by one frame; whether it is to be drawn."""
        box = state.boxes[kind]
        if box.share < 0:
            box.share = float(wanted)
        else:
            way = 1 if wanted else -1
            box.share = min(1.0, max(0.0, box.share + way / FADE_FRAMES))
        if box.share == 0 and box.previous.any():
            box.previous = np.zeros_like(box.previous)
            for slot, row in zip(box.slots, box.previous, strict=False):
                self._nets.slots[kind.name].put(slot, "previous", row)
        return box.share > 0

    def _reference(self, kind: Kind, picture: U8, placed: Sequence[PlacedBox]) -> F32:
        rest = np.stack([each.cut(picture) for each in placed])
        return self._nets.reference(kind, rest, np.stack([each.masks() for each in placed]))


def efforts(kinds: Sequence[Kind], steps: int) -> tuple[Effort, ...]:
    """The ways to draw where `kinds` are worth drawing, best first."""
    every = tuple(kinds)
    ways = [Effort(f"{steps} steps", steps, every), Effort("1 step", 1, every)]
    ways = (ways if steps > 1 else ways[1:]) if every else []
    if len(every) > 1 and MOUTH in every:
        ways.append(Effort("mouth", 1, (MOUTH,)))
    return (*ways, Effort(MOTION_FRAME, 0, ()))
