"""The nets of a whole face in training: batches in the codec's latent, losses on pictures.

Offline, torch; plugged into the training of boxes (`export.train.renderer`) and its distillation.
Never trains the codec: `train autoencoder` has done so.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional

from engines.render.boxes import LATENT_PX, face_box, fade
from export.nets.codec import Codec, codec_of
from export.nets.wide import WideNet, WideNetConfig, WideReference
from export.train.renderer import Nets, Trained
from export.train.renderer_batch import Batch
from export.train.renderer_loss import IN_OPENING, drawn_loss, weights

LATENTS = 0.5
"""What the distance of latents counts beside that of the pictures."""


@dataclass(slots=True)
class WideBatch(Batch):
    """Pictures and residuals are latents; masks and `rest` are those of the box."""

    pixels: Tensor
    """The motion frame f32[N,3,h,w]."""
    change: Tensor
    """The true residual of it."""


class WideNets(Nets):
    """The net of a face, what reads it at rest, and the codec between."""

    def __init__(self, config: WideNetConfig) -> None:
        super().__init__(config)
        self.box = WideNet(config)
        self.reference = WideReference()
        self.codec = codec_of(config.codec).requires_grad_(False)

    def inner(self, batch: Batch) -> WideBatch:
        """The batch with latents for pictures."""
        truth = batch.picture + batch.residual
        with torch.no_grad():
            many = torch.cat((batch.picture, truth, batch.before, batch.before + batch.previous))
            picture, goal, before, after = self.codec.encode(many).chunk(4)
        latent = {
            "picture": picture,
            "residual": goal - picture,
            "before": before,
            "previous": after - before,
        }
        kept = {f.name: getattr(batch, f.name) for f in fields(Batch)} | latent
        return WideBatch(**kept, pixels=batch.picture, change=batch.residual)

    def weight(self, batch: Batch, box: str) -> Tensor:
        """Of places in the latent: about the openings more, toward the box's edge nothing."""
        about = functional.max_pool2d(batch.masks.amax(1, keepdim=True), LATENT_PX)
        about = functional.max_pool2d(about, 3, stride=1, padding=1)
        weight = (0.1 + 0.9 * _fade(about)) * (1 + (IN_OPENING - 1) * about)
        return weight / weight.mean(dim=(1, 2, 3), keepdim=True)

    def away(self, batch: Batch, drawn: Tensor, box: str) -> Tensor:
        """f32[N]: of the pictures, and LATENTS times that of the latents."""
        assert isinstance(batch, WideBatch)
        change = self.codec.difference(batch.picture, drawn)
        on_pictures = drawn_loss(change, batch.change, weights(batch.masks, _fade(change)))
        in_latent = ((drawn - batch.residual).abs() * self.weight(batch, box)).mean(dim=(1, 2, 3))
        return on_pictures + LATENTS * in_latent

    def looked(self, batch: Batch, drawn: Tensor, box: str) -> tuple[Batch, Tensor, Tensor]:
        """As `Nets.looked`: the difference is decoded, not the picture."""
        assert isinstance(batch, WideBatch)
        change = self.codec.difference(batch.picture, drawn)
        kept = {f.name: getattr(batch, f.name) for f in fields(Batch)}
        seen = Batch(**kept | {"picture": batch.pixels, "residual": batch.change})
        faded = _fade(change)
        return seen, batch.pixels + change * faded, batch.pixels + batch.change * faded


def put_codec(nets: Trained, codec: Codec) -> None:
    """Give nets of a face the codec that they are to work with."""
    for each in (nets.now, nets.mean):
        assert isinstance(each, WideNets)
        each.codec.load_state_dict(codec.state_dict())


def _fade(like: Tensor) -> Tensor:
    """f32[1,1,h,w]: how much of a residual is pasted, at the size of `like`."""
    whole = torch.from_numpy(fade(face_box(256)).copy())[None, None].to(like.device)
    out: Tensor = functional.interpolate(whole, like.shape[-2:], mode="bilinear", antialias=True)
    return out
