"""The net of the whole face: the boxes' U-Net, in a latent instead of pixels.

Offline (torch); what serves is its ONNX, between the halves of the codec (export/nets/codec.py).
Never normalises over a picture or a batch, as the boxes' nets do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from engines.render.boxes import LATENT, LATENT_PX, MASKS
from export.nets.codec import CodecConfig, codec_config
from export.nets.renderer import NETS, REFERENCE_CHANNELS, BoxNet, BoxNetConfig, ReferenceNet

_MASKS = MASKS * LATENT_PX * LATENT_PX


@dataclass(frozen=True, slots=True)
class WideNetConfig(BoxNetConfig):
    """Sizes; the defaults are those for a card: 6 billion multiply-adds a step at 512."""

    widths: tuple[int, int, int] = (96, 192, 256)
    """Channels at an eighth, a sixteenth and a thirty-second of the box."""
    blocks: tuple[int, int, int] = (2, 2, 2)
    hidden: int = 256
    codec: CodecConfig = field(default_factory=CodecConfig)


FACE_NET = WideNetConfig()
CONFIGS: Mapping[str, BoxNetConfig] = {**NETS, "face": FACE_NET}
"""Box -> sizes of its net."""


def config_of(sizes: Mapping[str, Any]) -> BoxNetConfig:
    """Sizes as a run's config.json has them. Raises KeyError for what is none."""
    common = (tuple(sizes["widths"]), tuple(sizes["blocks"]), sizes["hidden"])
    if "codec" not in sizes:
        return BoxNetConfig(*common, columns=sizes.get("columns", 0.0))
    return WideNetConfig(*common, codec=codec_config(sizes["codec"]))


class WideNet(BoxNet):
    """Draws the residual of a face's latent; inputs and outputs by name as in its ONNX.

    picture, previous, noised and the residual are f32[N,32,h/8,w/8], reference
    f32[N,24,h/8,w/8]; masks are those of the box, f32[N,2,h,w].
    """

    def __init__(self, config: WideNetConfig) -> None:
        super().__init__(config, 3 * LATENT + _MASKS + REFERENCE_CHANNELS, LATENT)

    def blocks(self, *planes: Tensor) -> Tensor:
        """As `BoxNet.blocks`: all of it but the masks is a latent already."""
        picture, masks, previous, noised = planes
        seen = functional.pixel_unshuffle(masks, LATENT_PX)
        return torch.cat((picture, seen, previous, noised), dim=1)

    def spread(self, drawn: Tensor) -> Tensor:
        """As it is."""
        return drawn


class WideReference(ReferenceNet):
    """What one face looks like at rest; run once for an avatar."""

    def __init__(self, width: int = 64) -> None:
        super().__init__(width, LATENT_PX)
