"""The later stage: what experts read off the boxes that a student draws (see docs/experts.md).

Offline, torch; the experts are frozen, gradients pass through them to the boxes.
Never asks an expert about what it cannot know: a pair without sound, feeling or action has none.

Action units are compared with what the same expert reads off the truth, on every pair of a batch.
Sound, feeling and action are asked about on boxes of their own whose answer is known: windows of
video (`export.train.sync_windows`), portraits that act (`export.data.acted`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engines.features import MEL_BINS
from engines.render.sampler import SIGMA
from engines.values import F32
from export.data import acted
from export.data.acted import Acted
from export.data.render_augment import augment
from export.judges.sync import load_net as load_sync
from export.nets.expert import SAYS_SIZE, ExpertConfig, ExpertNet
from export.nets.sync import (
    FRAMES,
    HEIGHT,
    ROWS,
    WIDTH,
    SyncNet,
    SyncNetConfig,
    centred,
    grey,
)
from export.train import sync_windows
from export.train.experts_data import acted_path, apart, says
from export.train.renderer import Nets
from export.train.renderer_batch import Batch, batch_of, noise_like
from export.train.renderer_cli import made_up
from export.train.renderer_loss import fade_of
from export.train.sync_windows import Windows

ASKED = 4
"""Boxes of their own that each of feeling and action is asked about in a step."""
HEARD = 2
"""Windows drawn in a step; their sound has to fit better than OTHERS other ones."""
OTHERS = 31
Asked = dict[str, tuple[Tensor, Tensor]]
"""For each loss its value, and the drawn residuals that it is a function of."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the losses; 0 leaves one out and its expert unread."""

    sync: float = 0.0
    au: float = 0.0
    emotion: float = 0.0
    action: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """For the run's folder."""
        return asdict(self)

    def any(self) -> bool:
        """Whether there is a later stage at all."""
        return any(getattr(self, f.name) for f in fields(self))


@dataclass(slots=True)
class Later:
    """Experts of one box and what they are asked about."""

    box: str
    weights: Weights
    device: str = "cpu"
    au: ExpertNet | None = None
    emotion: ExpertNet | None = None
    action: ExpertNet | None = None
    sync: SyncNet | None = None
    played: Acted | None = None
    """For feeling and action."""
    says: Sequence[F32] = ()
    """Vectors of the sentences of each action."""
    windows: Windows | None = None

    def loss(self, nets: Nets, batch: Batch, drawn: Tensor, rng: np.random.Generator) -> Tensor:
        """All losses, weighted; `drawn`: the residuals of the batch."""
        total = drawn.new_zeros(())
        for name, (value, _) in self.ask(nets, batch, drawn, rng).items():
            total = total + float(getattr(self.weights, name)) * value
        return total

    def ask(self, nets: Nets, batch: Batch, drawn: Tensor, rng: np.random.Generator) -> Asked:
        """Each expert's loss."""
        out: Asked = {}
        if self.au is not None:
            faded = fade_of(self.box).to(drawn.device)
            shown, truth = batch.picture + drawn * faded, batch.picture + batch.residual * faded
            out["au"] = units_loss(self.au, shown, truth, batch.rest), drawn
        if self.emotion is not None and self.played is not None:
            rows = np.flatnonzero(self.played.emotion != acted.NOBODY_SAYS)
            out["emotion"] = self._asked(nets, rows, self._felt, rng)
        if self.action is not None and self.played is not None:
            rows = np.flatnonzero(self.played.action != "")
            out["action"] = self._asked(nets, rows, self._done, rng)
        if self.sync is not None and self.windows is not None:
            out["sync"] = self._heard(nets, self.windows, self.sync, rng)
        return out

    def _asked(
        self, nets: Nets, rows: np.ndarray, ask: Callable[..., Tensor], rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Draw some acted boxes, then `ask(shown, rest, which were drawn, rng)`."""
        assert self.played is not None
        few = self.played.take(rng.choice(rows, ASKED))
        batch = batch_of(augment(few.pairs, rng), self.device)
        drawn = drawn_alone(nets, batch, noise_like(batch, rng) * SIGMA)
        shown = batch.picture + drawn * fade_of(self.box).to(drawn.device)
        return ask(shown, batch.rest, few, rng), drawn

    def _felt(self, shown: Tensor, rest: Tensor, few: Acted, rng: np.random.Generator) -> Tensor:
        assert self.emotion is not None
        target = torch.from_numpy(few.emotion).to(shown.device)
        return functional.cross_entropy(self.emotion(shown, rest), target)

    def _done(self, shown: Tensor, rest: Tensor, few: Acted, rng: np.random.Generator) -> Tensor:
        """Its own sentence has to agree better than one of each other action."""
        assert self.action is not None
        told = np.stack([vectors[int(rng.integers(len(vectors)))] for vectors in self.says])
        vectors = torch.from_numpy(told).to(shown.device)
        fits = self.action.agreement(shown, rest, vectors) * self.action.scale()
        order = acted.SEEN[self.box]
        target = [order.index(str(name)) for name in few.action]
        return functional.cross_entropy(fits, torch.tensor(target, device=shown.device))

    def _heard(
        self, nets: Nets, windows: Windows, sync: SyncNet, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Windows as they come, with one noise for all their frames, as in a session."""
        rows = rng.choice(len(windows), min(len(windows), HEARD + OTHERS), replace=False)
        few = windows.take(rows[:HEARD])
        batch = batch_of(few.pairs, self.device)
        noise = noise_like(batch.first(1), rng).expand_as(batch.picture) * SIGMA
        drawn = drawn_alone(nets, batch, noise)
        shown = batch.picture + drawn * fade_of(self.box).to(drawn.device)
        sounds = torch.from_numpy(windows.sound[rows]).to(drawn.device)
        return sync_loss(sync, shown, torch.from_numpy(few.mean).to(drawn.device), sounds), drawn


def drawn_alone(nets: Nets, batch: Batch, noise: Tensor) -> Tensor:
    """What one step draws with nothing before it."""
    batch.previous = torch.zeros_like(batch.picture)
    ones = noise.new_ones(len(batch), 1)
    return nets.draw(batch, noise, ones, nets.features(batch))


def units_loss(expert: ExpertNet, shown: Tensor, truth: Tensor, rest: Tensor) -> Tensor:
    """How far the units read off what is shown are from those of the truth, in their spreads."""
    with torch.no_grad():
        goal = expert(truth, rest)
    return functional.smooth_l1_loss(expert(shown, rest), goal)


def sync_loss(sync: SyncNet, shown: Tensor, mean: Tensor, sounds: Tensor) -> Tensor:
    """Contrast of W windows of boxes f32[5W,3,96,128] with sounds f32[M,20,80], W first their own.

    mean f32[W,48,64]: of the windows' clips.
    """
    mouths = grey(shown).reshape(-1, FRAMES, HEIGHT, WIDTH)
    seen = sync.see(centred(mouths, mean[:, None]))
    fits = seen @ sync.hear(sounds).T * sync.sharpness.clamp(0.0, 4.0).exp()
    return functional.cross_entropy(fits, torch.arange(len(seen), device=fits.device))


def load_expert(folder: Path, which: str, box: str) -> ExpertNet:
    """An expert of `train experts`, frozen. Raises FileNotFoundError that names the command."""
    from safetensors.torch import load_file

    run = folder / f"{box}-{which}"
    path = run / "checkpoint.safetensors"
    if not path.is_file():
        command = f"python -m export train experts --which {which} --box {box}"
        raise FileNotFoundError(f"no {path}; run: {command}")
    net = ExpertNet(ExpertConfig(**json.loads((run / "config.json").read_text())["net"]))
    tensors = load_file(str(path)).items()
    net.load_state_dict({name[4:]: value for name, value in tensors if name.startswith("net.")})
    return net.eval().requires_grad_(False)


def load(
    weights: Weights, box: str, cache: Path, experts: Path, sync: Path,
    embed: Callable[[str], F32], device: str = "cpu",
) -> Later | None:  # fmt: skip
    """What the weights ask for; None where they ask for nothing.

    experts, sync: folders of the runs of `train experts` and `train sync`; cache: has what they
    prepared. Raises FileNotFoundError, and ValueError for sound of an eye.
    """
    if not weights.any():
        return None
    later = Later(box, weights, device)
    for which in ("au", "emotion", "action"):
        if getattr(weights, which):
            setattr(later, which, load_expert(experts, which, box).to(device))
    if weights.emotion or weights.action:
        path = acted_path(cache, box)
        if not path.exists():
            raise FileNotFoundError(f"no {path}; run: python -m export train experts --prepare")
        played = acted.load(path)
        later.played = played.take(~apart(played.pairs.kind, played.pairs.identity))
        later.says = says(box, False, embed) if weights.action else ()
    if weights.sync:
        if box != "mouth":
            raise ValueError(f"--sync: sound is seen on mouths, not on the {box} box")
        later.sync = load_sync(sync).to(device).requires_grad_(False)
        path = sync_windows.path_of(cache)
        if not path.exists():
            raise FileNotFoundError(f"no {path}; run: python -m export train experts --prepare")
        later.windows = sync_windows.load(path)
    return later


def pulls(later: Later, nets: Nets, batch: Batch, drawn: Tensor, level: Tensor,
          rng: np.random.Generator) -> dict[str, float]:  # fmt: skip
    """How hard each loss pulls at a drawn box, beside `level`, a loss of the same `drawn`.

    Norms of gradients times the square root of the boxes they are shared by; weights left out.
    """
    asked = {"level": (level, drawn)} | later.ask(nets, batch, drawn, rng)
    out = {}
    for name, (value, boxes) in asked.items():
        (slope,) = torch.autograd.grad(value, boxes, retain_graph=True)
        out[name] = float(slope.norm()) * len(boxes) ** 0.5
    return out


def made_up_later(box: str, weights: Weights) -> Later:
    """Untrained experts and noise to ask them about, for a smoke run."""
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    order = acted.SEEN[box]
    nets = {
        which: ExpertNet(ExpertConfig(len(order), which == "action", 4)).eval()
        for which in ("au", "emotion", "action")
        if getattr(weights, which)
    }
    pairs = made_up(box, 2 * len(order))
    played = Acted(pairs, np.arange(len(pairs)) % len(order), np.resize(order, len(pairs)))
    vectors = [rng.standard_normal((2, SAYS_SIZE), dtype=np.float32) for _ in order]
    later = Later(box, weights, played=played, says=vectors)
    for which, net in nets.items():
        setattr(later, which, net)
    if weights.sync:
        later.sync = SyncNet(SyncNetConfig(4, 8)).eval()
        windows = made_up(box, 3 * FRAMES)
        sound = rng.standard_normal((3, ROWS, MEL_BINS), dtype=np.float32)
        later.windows = Windows(windows, sound, np.zeros((3, HEIGHT, WIDTH), np.float32))
    return later
