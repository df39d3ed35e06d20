"""The audio-to-motion net: a variational autoencoder whose prior is a volume-preserving flow.

Offline (torch); what serving runs is the ONNX of `StepNet`.
Never looks ahead by itself: the look-ahead is in how frames and sound are paired.

VAE: Kingma, Welling 2014. A flow of residual couplings and flips as its prior, volume preserving:
Ren, Liu, Zhao, PortaSpeech, 2021 (after Dinh, Krueger, Bengio, NICE, 2015). Here in motion space
and causal: one latent for four frames, one pass, no iterations.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

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


class StepNet(nn.Module):
    """One frame for serving.

    conditions f32[1,27], noise f32[1,latent] (temperature in it), phase f32[1,4] (one-hot frame of
    its block), state f32[1,S] -> motion f32[1,28] in physical units, next state.
    """

    def __init__(self, net: MotionNet, mean: Tensor, sd: Tensor) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("mean", mean)
        self.register_buffer("sd", sd)
        half = [c.kept for c in net.flow.steps]
        config = net.config
        self.sizes: list[tuple[int, int]] = [
            *net.listen.pads,
            *net.speak.pads,
            *((size, 1) for size in half),
            (config.latent, 1),
            (config.channels, 1),
            (config.channels, 1),
        ]

    @property
    def state_size(self) -> int:
        """S."""
        return sum(c * n for c, n in self.sizes)

    def forward(
        self, conditions: Tensor, noise: Tensor, phase: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Motion and the next state."""
        net = self.net
        parts: list[Tensor] = []
        at = 0
        for channels, columns in self.sizes:
            parts.append(state[:, at : at + channels * columns].reshape(1, channels, columns))
            at += channels * columns
        first, second = len(net.listen.pads), len(net.listen.pads) + len(net.speak.pads)
        halves, (z, past, last) = parts[second:-3], parts[-3:]
        heard, listened = net.listen.run(conditions[:, :, None], parts[:first])
        begins = phase[:, :1, None]
        past = past + begins * (last - past)
        known = heard + net.before(past)
        drawn, kept = net.flow.inverse(noise[:, :, None], known, halves)
        drawn = drawn + net.prior_mean(known)
        if net.config.regression:
            drawn = 0.0 * drawn
        z = z + begins * (drawn - z)
        kept = [old + begins * (new - old) for old, new in zip(halves, kept, strict=True)]
        x = torch.cat((z, past, heard, phase[:, :, None]), dim=1)
        x, spoken = net.speak.run(x, parts[first:second])
        motion = net.outlet(x)
        after = [*listened, *spoken, *kept, z, past, motion]
        packed = torch.cat([part.reshape(1, -1) for part in after], dim=1)
        return motion[:, :, 0] * self.get_buffer("sd") + self.get_buffer("mean"), packed
