"""The head over static token vectors: n-grams, the strongest and the mean of each, seven dials.

Offline; torch.
Never trains the token table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from engines.emotion.values import EMOTIONS
from engines.motion.style import STYLE_SIZE


@dataclass(frozen=True, slots=True)
class SceneNetConfig:
    """Sizes."""

    table: int = 80
    grams: int = 128
    """Filters over three tokens in a row (Kim 2014)."""
    hidden: int = 64
    dropout: float = 0.15


class SceneNet(nn.Module):
    """Token vectors f32[B,T,D] and mask f32[B,T] to dials f32[B,7] and feeling logits f32[B,8]."""

    def __init__(self, config: SceneNetConfig) -> None:
        super().__init__()
        self.config = config
        self.conv = nn.Conv1d(config.table, config.grams, 3, padding=1)
        self.hidden = nn.Linear(2 * config.grams, config.hidden)
        self.dials = nn.Linear(config.hidden, STYLE_SIZE)
        self.feelings = nn.Linear(config.hidden, len(EMOTIONS))
        self.drop = nn.Dropout(config.dropout)

    def forward(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Dials are 0..1."""
        grams = torch.relu(self.conv(self.drop(vectors).transpose(1, 2))) * mask[:, None]
        mean = grams.sum(2) / mask.sum(1, keepdim=True).clamp(min=1)
        pooled = self.drop(torch.cat([grams.amax(2), mean], 1))
        hidden = self.drop(torch.relu(self.hidden(pooled)))
        return torch.sigmoid(self.dials(hidden)), cast(Tensor, self.feelings(hidden))
