"""The fusion net as it trains: encoders, trusts, linear heads and the labels' own places.

Offline; any device. engines.emotion.fuse runs the same in numpy; a test holds the two together.
Never sees a bias in its heads: the zero vector must stay neutral.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engines.emotion.fuse import HIDDEN, INPUTS, NEUTRAL_LOGIT, STREAMS
from engines.emotion.values import EMOTIONS, Z_SIZE
from engines.values import F32


class FusionNet(nn.Module):
    """Masked fusion of the three streams into Z_emo."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.ModuleDict({s: nn.Linear(INPUTS[s], HIDDEN) for s in STREAMS})
        self.last = nn.ModuleDict({s: nn.Linear(HIDDEN, Z_SIZE, bias=False) for s in STREAMS})
        self.trust = nn.Parameter(torch.zeros(len(STREAMS)))
        self.reserve = nn.Parameter(torch.tensor(-1.0))
        self.labels = nn.Linear(Z_SIZE, len(EMOTIONS), bias=False)
        self.affect = nn.Linear(Z_SIZE, 2, bias=False)
        self.raw_places = nn.Parameter(0.3 * torch.randn(len(EMOTIONS), Z_SIZE))

    def places(self) -> Tensor:
        """Z_emo f32[8,64] of each label at full intensity; neutral is zero."""
        placed = torch.tanh(self.raw_places)
        return torch.cat((torch.zeros_like(placed[:1]), placed[1:]))

    def forward(self, inputs: dict[str, Tensor], confidence: Tensor) -> Tensor:
        """Z_emo f32[B,64] from inputs f32[B,n] by stream and confidences f32[B,3]; 0 = missing."""
        weights = confidence * nn.functional.softplus(self.trust)
        total = nn.functional.softplus(self.reserve) + weights.sum(dim=1, keepdim=True)
        z = torch.zeros(len(confidence), Z_SIZE, device=confidence.device)
        for i, stream in enumerate(STREAMS):
            hidden = torch.relu(self.first[stream](inputs[stream]))
            token = torch.tanh(self.last[stream](hidden))
            z = z + weights[:, i : i + 1] / total * token
        return z

    def read(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Label logits f32[B,8] and (valence, arousal) f32[B,2] of Z_emo f32[B,64]."""
        rest = torch.zeros(len(EMOTIONS), device=z.device)
        rest[0] = NEUTRAL_LOGIT
        return self.labels(z) + rest, torch.tanh(self.affect(z))

    def arrays(self) -> dict[str, F32]:
        """The `fuse_*` arrays as engines.emotion.fuse reads them."""
        softplus = nn.functional.softplus
        found: dict[str, Tensor] = {
            "fuse_trust": softplus(self.trust),
            "fuse_reserve": softplus(self.reserve)[None],
            "fuse_labels": self.labels.weight.T,
            "fuse_affect": self.affect.weight.T,
            "fuse_places": self.places(),
        }
        for stream in STREAMS:
            first, last = self.first[stream], self.last[stream]
            assert isinstance(first, nn.Linear) and isinstance(last, nn.Linear)
            found[f"fuse_{stream}_first"] = first.weight.T
            found[f"fuse_{stream}_first_bias"] = first.bias
            found[f"fuse_{stream}_last"] = last.weight.T
        return {
            name: value.detach().cpu().contiguous().numpy().copy() for name, value in found.items()
        }
