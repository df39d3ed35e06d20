"""The audio-to-motion net: a variational autoencoder whose prior is a volume-preserving flow.

Offline (torch); what serving runs is the ONNX of `StepNet`.
Never looks ahead by itself: the look-ahead is in how frames and sound are paired.

VAE: Kingma, Welling 2014. A flow of residual couplings and flips as its prior, volume preserving:
Ren, Liu, Zhao, PortaSpeech, 2021 (after Dinh, Krueger, Bengio, NICE, 2015). Here in motion space
and causal: one latent for four frames, one pass, no iterations.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from export.nets.steps import ResidualSteps, column, column_sum

BLOCK = 4
"""Frames of one latent: 160 ms."""


@dataclass(frozen=True, slots=True)
class MotionNetConfig:
    """Sizes; the defaults are the shipped net."""

    channels: int = 28
    conditions: int = 27
    """Voice, listening, feeling (the readout of Z_emo) and style, in this order."""
    hidden: int = 112
    latent: int = 16
    """Even, since the flow cuts it in halves."""
    couplings: int = 4
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    flow: bool = True
    """False: a plain normal prior, for the ablation."""
    regression: bool = False
    """True: the latents are always 0, so that one motion answers each sound; for the ablation."""

    def as_dict(self) -> dict[str, object]:
        """For the manifest and checkpoints."""
        return asdict(self)


Left = list[Tensor]
"""Left context of each convolution, f32[B,channels,columns]."""


class CausalStack(nn.Module):
    """Residual convolutions that see the past only: f32[B,C,T] -> f32[B,hidden,T]."""

    def __init__(self, width: int, hidden: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.inlet = nn.Conv1d(width, hidden, 1)
        self.convs = nn.ModuleList(nn.Conv1d(hidden, hidden, 3, dilation=d) for d in dilations)
        self.mix = nn.ModuleList(nn.Conv1d(hidden, hidden, 1) for _ in dilations)
        self.act = nn.GELU(approximate="tanh")
        self.pads = [(hidden, 2 * d) for d in dilations]

    def run(self, x: Tensor, left: Left) -> tuple[Tensor, Left]:
        """Output and the next left context."""
        x = self.inlet(x)
        after: Left = []
        for conv, mix, past in zip(self.convs, self.mix, left, strict=True):
            joined = torch.cat((past, x), dim=2)
            after.append(joined[:, :, -past.shape[2] :])
            x = x + mix(self.act(conv(joined)))
        return self.act(x), after

    def fresh(self, x: Tensor) -> Left:
        """An empty left context for the batch of `x`."""
        return [x.new_zeros(x.shape[0], channels, columns) for channels, columns in self.pads]


class Coupling(nn.Module):
    """One residual coupling: the second half moves by what the first half and its past say."""

    def __init__(self, latent: int, hidden: int) -> None:
        super().__init__()
        self.kept = latent // 2
        self.conv = nn.Conv1d(self.kept, hidden, 2)
        self.condition = nn.Conv1d(hidden, hidden, 1)
        self.out = nn.Conv1d(hidden, latent - self.kept, 1)
        self.act = nn.GELU(approximate="tanh")
        nn.init.zeros_(self.out.weight)
        if self.out.bias is not None:
            nn.init.zeros_(self.out.bias)

    def shift(self, first: Tensor, before: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """f32[B,latent-half,K] of the first half f32[B,half,K]; `before` is its last column."""
        joined = torch.cat((before, first), dim=2)
        moved = self.out(self.act(self.conv(joined) + self.condition(condition)))
        return moved, joined[:, :, -1:]


class Flow(nn.Module):
    """z <-> u, volume preserving: the density of z is that of u under N(0, 1)."""

    def __init__(self, config: MotionNetConfig, hidden: int) -> None:
        super().__init__()
        count = config.couplings if config.flow else 0
        self.couplings = nn.ModuleList(Coupling(config.latent, hidden) for _ in range(count))

    @property
    def steps(self) -> list[Coupling]:
        """The couplings, in order."""
        return [part for part in self.couplings if isinstance(part, Coupling)]

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        """U f32[B,latent,K] of z."""
        for coupling in self.steps:
            first, second = z[:, : coupling.kept], z[:, coupling.kept :]
            moved, _ = coupling.shift(first, torch.zeros_like(first[:, :, :1]), condition)
            z = torch.flip(torch.cat((first, second + moved), dim=1), (1,))
        return z

    def inverse(self, u: Tensor, condition: Tensor, before: Left) -> tuple[Tensor, Left]:
        """Z of u, and the next left context: one column of each coupling's first half."""
        after: Left = []
        for coupling, past in zip(self.steps[::-1], before[::-1], strict=True):
            u = torch.flip(u, (1,))
            first, second = u[:, : coupling.kept], u[:, coupling.kept :]
            moved, kept = coupling.shift(first, past, condition)
            after.append(kept)
            u = torch.cat((first, second - moved), dim=1)
        return u, after[::-1]


class MotionNet(nn.Module):
    """Motion f32[B,T,28] (scaled) from conditions f32[B,T,27] and, in training, from itself."""

    def __init__(self, config: MotionNetConfig) -> None:
        super().__init__()
        self.config = config
        hidden, latent = config.hidden, config.latent
        self.listen = CausalStack(config.conditions, hidden, config.dilations)
        self.before = nn.Conv1d(config.channels, hidden, 1)
        self.prior_mean = nn.Conv1d(hidden, latent, 1)
        self.flow = Flow(config, hidden)
        self.speak = CausalStack(latent + hidden + config.channels + BLOCK, hidden, (1, 2, 4))
        self.outlet = nn.Conv1d(hidden, config.channels, 1)
        self.encoder = nn.Sequential(
            nn.Conv1d(config.channels + hidden, hidden, 5, padding=2),
            nn.GELU(approximate="tanh"),
            nn.Conv1d(hidden, hidden, BLOCK, stride=BLOCK),
            nn.GELU(approximate="tanh"),
            nn.Conv1d(hidden, hidden, 3, padding=1),
            nn.GELU(approximate="tanh"),
            nn.Conv1d(hidden, 2 * latent, 1),
        )

    def encode(self, motion: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance f32[B,latent,K] of the posterior."""
        mean, log_variance = self.encoder(torch.cat((motion, heard), dim=1)).chunk(2, dim=1)
        return mean, log_variance.clamp(-8.0, 4.0)

    def blocks(self, heard: Tensor, past: Tensor) -> Tensor:
        """What the prior knows of each block: sound up to its first frame, the motion before."""
        known: Tensor = heard[:, :, ::BLOCK] + self.before(past)
        return known

    def decode(self, z: Tensor, heard: Tensor, past: Tensor, left: Left) -> tuple[Tensor, Left]:
        """Motion f32[B,28,T] of latents f32[B,latent,K]."""
        length = heard.shape[2]
        held = torch.cat((z, past), dim=1).repeat_interleave(BLOCK, dim=2)[:, :, :length]
        phase = torch.eye(BLOCK, device=z.device).repeat(1, length // BLOCK)[None]
        phase = phase.expand(heard.shape[0], -1, -1)
        x, after = self.speak.run(torch.cat((held, heard, phase), dim=1), left)
        return self.outlet(x), after

    def forward(self, motion: Tensor, conditions: Tensor, past: Tensor) -> dict[str, Tensor]:
        """One training pass over f32[B,T,...], T a multiple of BLOCK; past f32[B,K,28]."""
        x, c = motion.transpose(1, 2), conditions.transpose(1, 2)
        p = past.transpose(1, 2)
        heard, _ = self.listen.run(c, self.listen.fresh(c))
        if self.config.regression:
            u = x.new_zeros(x.shape[0], self.config.latent, p.shape[2])
            y, _ = self.decode(u, heard, p, self.speak.fresh(heard))
            return {"motion": y.transpose(1, 2), "kl": u.sum(1), "u": u}
        mean, log_variance = self.encode(x, heard)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        known = self.blocks(heard, p)
        u = self.flow(z - self.prior_mean(known), known)
        y, _ = self.decode(z, heard, p, self.speak.fresh(heard))
        # log q(z|x) - log p(z), up to the constant they share.
        divergence = 0.5 * (u**2 - log_variance - ((z - mean) ** 2) * torch.exp(-log_variance))
        return {"motion": y.transpose(1, 2), "kl": divergence.sum(1), "u": u}


class StackStep(nn.Module):
    """A CausalStack, a column at a time."""

    def __init__(self, stack: CausalStack) -> None:
        super().__init__()
        self.inlet = column(stack.inlet)
        self.layers = ResidualSteps(stack.convs, stack.mix)
        self.sizes = self.layers.sizes
        """Of the parts of its left context."""
        self.act = stack.act

    def forward(self, x: Tensor, parts: Iterator[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """f32[B,hidden,1], and the next left context in parts; takes as many as `sizes` has."""
        x, after = self.layers(self.inlet(x), parts)
        return self.act(x), after


class FlowStep(nn.Module):
    """The flow's inverse, a column at a time.

    Nothing is flipped: the halves change parts instead, and every second coupling has its weights
    upside down.
    """

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.kept = [step.kept for step in flow.steps]
        self.moves = nn.ModuleList(_move(step, k % 2 == 1) for k, step in enumerate(flow.steps))

    def forward(
        self, u: Tensor, condition: Tensor, before: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Z f32[B,latent,1] of u, and the next left context."""
        if len(self.moves) % 2:
            u = torch.flip(u, (1,))
        half = u.shape[1] // 2
        halves = [u[:, :half], u[:, half:]]
        after: list[Tensor] = []
        for k, (move, past) in reversed([*enumerate(zip(self.moves, before, strict=True))]):
            kept = halves[k % 2]
            after.append(kept)
            moved = move(torch.cat((past, kept, condition), dim=1))
            halves[1 - k % 2] = halves[1 - k % 2] - moved
        return torch.cat(halves, dim=1), after[::-1]


def _move(step: Coupling, flipped: bool) -> nn.Sequential:
    """What a coupling moves one half by; `flipped`: both halves come upside down."""
    conv, out = copy.deepcopy((step.conv, step.out))
    if flipped:
        conv.weight.data = conv.weight.data.flip(1)
        out.weight.data = out.weight.data.flip(0)
        if out.bias is not None:
            out.bias.data = out.bias.data.flip(0)
    return nn.Sequential(column_sum(conv, step.condition), nn.GELU(approximate="tanh"), column(out))


class StepNet(nn.Module):
    """One frame for serving.

    conditions f32[1,27], noise f32[1,latent] (temperature in it), phase f32[1,4] (one-hot frame of
    its block), state f32[1,S] -> motion f32[1,28] in physical units, next state.
    """

    def __init__(self, net: MotionNet, mean: Tensor, sd: Tensor) -> None:
        super().__init__()
        self.config = net.config
        self.listen = StackStep(net.listen)
        self.before = column(net.before)
        self.flow = FlowStep(net.flow)
        self.prior_mean = column(net.prior_mean)
        self.speak = StackStep(net.speak)
        # The motion that is fed back is scaled; the one that is shown is not.
        self.outlet = column(net.outlet)
        self.register_buffer("mean", mean)
        self.register_buffer("sd", sd)
        channels = net.config.channels
        self.sizes: list[int] = [
            *self.listen.sizes,
            *self.speak.sizes,
            *self.flow.kept,
            net.config.latent,
            channels,
            channels,
        ]

    @property
    def state_size(self) -> int:
        """S."""
        return sum(self.sizes)

    def forward(
        self, conditions: Tensor, noise: Tensor, phase: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Motion and the next state."""
        parts = iter(torch.split(state[:, :, None], self.sizes, dim=1))
        heard, listened = self.listen(conditions[:, :, None], parts)
        to_speak = iter(list(islice(parts, len(self.speak.sizes))))
        *halves, z, past, last = parts
        begins = phase[:, :1, None]
        past = past + begins * (last - past)
        known = heard + self.before(past)
        drawn, kept = self.flow(noise[:, :, None], known, halves)
        drawn = drawn + self.prior_mean(known)
        if self.config.regression:
            drawn = 0.0 * drawn
        # Only a block's first frame draws a latent.
        held = torch.cat((*halves, z), dim=1)
        held = held + begins * (torch.cat((*kept, drawn), dim=1) - held)
        z = held[:, -self.config.latent :]
        x, spoken = self.speak(torch.cat((z, past, heard, phase[:, :, None]), dim=1), to_speak)
        motion = self.outlet(x)
        packed = torch.cat([*listened, *spoken, held, past, motion], dim=1).flatten(1)
        return motion.flatten(1) * self.get_buffer("sd") + self.get_buffer("mean"), packed
