"""Who draws the pictures, as the settings ask for it, and what that costs on this machine.

Runs on a worker thread at the start, and in offline programs.
Never falls back silently: what is missing is said, and what is damaged stops the start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

import numpy as np
import onnxruntime

from engines.backends.base import BackendError, Network
from engines.backends.networks import NETWORKS
from engines.backends.pack import BadPack, weights_of
from engines.backends.runs import Runs
from engines.loop import RendererFactory, warp_renderer
from engines.offline import render_file
from engines.pipeline import Motion
from engines.render.nets import WIDE_FOLDER, NoRendererWeights, RendererNets, load
from engines.render.stage import AS_IT_IS, Stage
from engines.values import F32, SAMPLE_RATE_HZ
from server.batch_costs import ByBucket, each_at_best, measure_batches
from server.plans.devices import backend_of
from server.settings import RenderSettings
from server.settings_section import SettingsError

Kind = Literal["diffusion", "motion-frame"]
PROCESSOR = Runs("onnxruntime-cpu", onnxruntime.__version__, "fp32")
"""What hears, moves, reads and finds faces: once a frame or an avatar, not worth a card."""
PARTS = frozenset({"face", "lips", "motion", "scene"})
"""Of the networks, those that run there."""
WARM_S = 1.6
"""Length of the sound rendered to warm up: 40 frames, of which the first ten are not counted."""
UNCOUNTED = 10
TRIED = 12
"""Pictures drawn in each way to learn what it costs."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """The renderer that all sessions use."""

    kind: Kind
    factory: RendererFactory
    said: str
    """Why it is this one, for people."""
    counted_at_best: bool = False
    """Whether places for sessions are counted by the cost of the best way to draw: somebody asked
    for it. Else by that of the barest, and sessions get better pictures where there is time."""
    digest: str = ""
    """Of the nets; empty: none."""
    batch_clock: Callable[[], float] | None = None
    """By which the cost of a batch is measured: on a card waiting is part of it. None: pictures
    are drawn one after the other."""
    networks: Mapping[str, Network] = field(default_factory=dict)
    """Those that draw, by name."""

    def running(self) -> dict[str, Runs]:
        """On what each net of the program runs now: others than these, on the processor."""
        here = {name: PROCESSOR for name in NETWORKS if name.split("/")[0] in PARTS}
        return here | {each.name: each.runs for each in self.networks.values()}


@dataclass(frozen=True, slots=True)
class Costs:
    """What frames of 512x512 cost, in processor seconds of one thread."""

    steps_s: tuple[float, ...]
    """Each frame of a made-up voice, motion and picture, drawn in the best way."""
    efforts: tuple[str, ...]
    draws_s: tuple[float, ...]
    """A picture in each of `efforts`, alone."""
    by_bucket: ByBucket = ()
    """Batches, where pictures are drawn in batches."""
    encode_s: float = 0.0
    """To convert and encode a picture; 0: not measured."""

    def steps_of(self, effort: int) -> list[float]:
        """`steps_s` as they would be, drawn in another way, and beside others if in batches."""
        draws_s = each_at_best(self.by_bucket) if self.by_bucket else self.draws_s
        return [max(0.0, step - self.draws_s[0]) + draws_s[effort] for step in self.steps_s]


def drawing_of(wanted: RenderSettings, places: int = 0) -> Drawing:
    """Load what is wanted, with room for `places` sessions' rows where nets run on a card.

    Raises SettingsError for what is asked for and not installed, BadRendererWeights for weights
    that are damaged.
    """
    if wanted.renderer == "motion-frame":
        return Drawing("motion-frame", warp_renderer, "render.renderer asks for it")
    try:
        backend = backend_of(wanted)
        folder = WIDE_FOLDER if whole(wanted) else weights_of("renderer", wanted.weights)
        nets = load(folder, backend=backend)
        if places and backend is not None:
            nets = nets.hold(places)
    except BadPack as error:
        raise SettingsError(f"render.weights: {error}") from error
    except BackendError as error:
        raise SettingsError(f"render.device {wanted.device}: {error}") from error
    except NoRendererWeights as error:
        if wanted.renderer == "diffusion" or wanted.profile == "face":
            asked_by = "renderer" if wanted.renderer == "diffusion" else "profile"
            raise SettingsError(f"render.{asked_by}: {error}") from error
        said = "renderer weights not installed: the picture is the motion frame"
        return Drawing("motion-frame", warp_renderer, said)
    steps = wanted.steps or nets.steps
    what = "mouth and eyes" if nets.face is None else f"the whole face at {nets.face.width}"
    said = f"{what} by diffusion, {steps} step{'s' if steps != 1 else ''}"
    if backend is not None:
        said += f", on {backend.kind}"
    if nets.slots:
        held = sum(slots.device_bytes for slots in nets.slots.values())
        said += f", {held / 2**20:.1f} MiB there for {places} sessions"
    asked = wanted.renderer == "diffusion"
    clock = batch_clock(wanted)
    if clock is not None:
        said += ", in batches over sessions"
    draws = diffusion(nets, steps)
    return Drawing("diffusion", draws, said, asked, nets.digest, clock, nets.sessions)


def batch_clock(wanted: RenderSettings) -> Callable[[], float] | None:
    """`Drawing.batch_clock` of diffusion."""
    if wanted.batches == "off" or (wanted.batches == "auto" and wanted.device == "cpu"):
        return None
    return time.thread_time if wanted.device == "cpu" else time.perf_counter


def whole(wanted: RenderSettings) -> bool:
    """Whether the nets of the whole face draw: asked for, or installed where there is a card."""
    here = wanted.device != "cpu" and (WIDE_FOLDER / "manifest.json").is_file()
    return wanted.profile == "face" or (wanted.profile == "auto" and here)


def nets_of(wanted: RenderSettings) -> RendererNets | None:
    """The nets that new avatars are tried with; None where none draw. Raises as `drawing_of`."""
    if wanted.renderer == "motion-frame":
        return None
    try:
        return load(weights_of("renderer", wanted.weights))
    except BadPack as error:
        raise SettingsError(f"render.weights: {error}") from error
    except NoRendererWeights:
        return None


def said_of(paste: Mapping[str, float]) -> str:
    """How much of what the nets draw an avatar shows, in words."""
    if not paste:
        return "all that the nets draw (not tried on this photo)"
    words = {1.0: "all", 0.0: "nothing: the warp is nearer to this photo"}
    return "; ".join(f"{kind} {words.get(share, f'{share:.0%}')}" for kind, share in paste.items())


def diffusion(nets: RendererNets, steps: int) -> RendererFactory:
    """A factory of renderers on these nets."""
    from engines.render.diffusion import DiffusionRenderer

    def build(avatar: Any, size: int, stage: Stage) -> DiffusionRenderer:
        return DiffusionRenderer(avatar, size, stage, nets=nets, steps=steps)

    return build


def best_of(wanted: str, efforts: tuple[str, ...]) -> int:
    """The way to draw that a session asks for: the first, or the motion frame alone."""
    return len(efforts) - 1 if wanted == "motion-frame" else 0


def measure(
    motion: Motion,
    avatar: Any,
    factory: RendererFactory,
    batch_clock: Callable[[], float] | None = None,
) -> Costs:
    """Processor seconds of frames at 512x512, over a made-up voice; by a clock, those of batches.

    Of this thread alone: what else the machine does at the moment shall not decide for ever how
    many visitors are let in.
    """
    # Here alone, and where nothing was measured before: a process of its own for the engine needs
    # no codecs.
    from server.media_cost import EncodeMeter

    renderer = factory(avatar, 512, AS_IT_IS)
    steps: list[float] = []
    motions: list[F32] = []
    encoded = EncodeMeter(512)
    states = [renderer.new_state() for _ in renderer.efforts]
    draws: list[list[float]] = [[] for _ in states]
    before = time.thread_time()
    for picture in render_file(
        _voice(), avatar, motion, seed=0, renderer_factory=lambda *_: renderer
    ):
        steps.append(time.thread_time() - before)
        motions.append(picture.motion)
        encoded.add(picture.image)
        # Beside the steps, since a machine may be half as fast a second later.
        if UNCOUNTED <= len(steps) < UNCOUNTED + TRIED:
            for effort, state in enumerate(states):
                before = time.thread_time()
                renderer.render(state, picture.motion, effort=effort)
                draws[effort].append(time.thread_time() - before)
        before = time.thread_time()
    by_bucket = measure_batches(renderer, motions, batch_clock) if batch_clock else ()
    draws_s = tuple(median(times) for times in draws)
    return Costs(
        tuple(steps[UNCOUNTED:]), renderer.efforts, draws_s, by_bucket, encoded.picture_s()
    )


def _voice() -> F32:
    time_s = np.arange(int(WARM_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    voice = 0.2 * np.sin(2 * np.pi * 140 * time_s) * np.sin(2 * np.pi * 3 * time_s)
    return voice.astype(np.float32)
