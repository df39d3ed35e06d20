"""What a face expresses, to a judge that knows nothing of this project: face-api.js's small net.

Offline (torch, CPU); weights are read from the data folder (MIT, Vincent Muehler), 8 bits each.
Never trained or tuned on anything of ours.

The net: four dense blocks of depthwise separable convolutions on a 112x112 crop, seven classes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engines.render.cv import cv2
from engines.values import F32, U8

LABELS = ("neutral", "joy", "sadness", "anger", "fear", "disgust", "surprise")
CROP_PX = 112
MARGIN = 0.15
"""The crop is the square round all mesh points, this much larger."""
_MEAN_RGB = (122.782, 117.001, 104.298)
_BLOCKS = 4


class JudgeMissing(Exception):
    """The judge's files are not there; the message says where they should be."""


@dataclass(frozen=True, slots=True)
class ExpressionJudge:
    """Weights by name."""

    weights: dict[str, Tensor]

    @staticmethod
    def load(data: Path) -> ExpressionJudge:
        """Read `face_api/` of the data folder. Raises JudgeMissing."""
        folder = data / "face_api"
        try:
            rows = json.loads((folder / "face_expression_model-weights_manifest.json").read_text())
            packed = (folder / "face_expression_model-shard1").read_bytes()
        except OSError as error:
            raise JudgeMissing(f"{folder}: {error}; give the data folder by --data") from error
        weights, at = {}, 0
        for row in rows[0]["weights"]:
            count = int(np.prod(row["shape"]))
            scale = row.get("quantization")
            if scale:
                values = np.frombuffer(packed, np.uint8, count, at).astype(np.float32)
                values = values * np.float32(scale["scale"]) + np.float32(scale["min"])
                at += count
            else:
                values = np.frombuffer(packed, np.float32, count, at).copy()
                at += 4 * count
            weights[row["name"]] = torch.as_tensor(values.reshape(row["shape"]))
        return ExpressionJudge(weights)

    def judge(self, pictures: U8, landmarks: F32) -> F32:
        """f32[N,7] probabilities in LABELS order for u8[N,H,W,3] BGR and meshes f32[N,>=468,2+]."""
        crops = [crop(p, m) for p, m in zip(pictures, landmarks, strict=True)]
        x = torch.as_tensor(np.stack(crops)[..., ::-1].astype(np.float32)).permute(0, 3, 1, 2)
        x = (x - torch.tensor(_MEAN_RGB)[None, :, None, None]) / 255
        with torch.no_grad():
            for i in range(_BLOCKS):
                x = self._block(x, f"dense{i}", first=i == 0)
            x = functional.avg_pool2d(x, 7, 2).flatten(1)
            x = x @ self.weights["fc/weights"] + self.weights["fc/bias"]
        out: F32 = torch.softmax(x, 1).numpy()
        return out

    def _block(self, x: Tensor, name: str, first: bool) -> Tensor:
        begin = self._plain(x, f"{name}/conv0") if first else self._apart(x, f"{name}/conv0", 2)
        a = functional.relu(begin)
        b = self._apart(a, f"{name}/conv1", 1)
        c = self._apart(functional.relu(a + b), f"{name}/conv2", 1)
        d = self._apart(functional.relu(a + b + c), f"{name}/conv3", 1)
        return functional.relu(a + b + c + d)

    def _plain(self, x: Tensor, name: str) -> Tensor:
        filters = self.weights[f"{name}/filters"].permute(3, 2, 0, 1)
        bias = self.weights[f"{name}/bias"]
        return functional.conv2d(_same(x, 2), filters, bias, stride=2)

    def _apart(self, x: Tensor, name: str, stride: int) -> Tensor:
        deep = self.weights[f"{name}/depthwise_filter"].permute(2, 3, 0, 1)
        wide = self.weights[f"{name}/pointwise_filter"].permute(3, 2, 0, 1)
        x = functional.conv2d(_same(x, stride), deep, stride=stride, groups=x.shape[1])
        return functional.conv2d(x, wide, self.weights[f"{name}/bias"])


def _same(x: Tensor, stride: int) -> Tensor:
    """TensorFlow's "same" padding of a 3x3 convolution."""

    def sides(size: int) -> tuple[int, int]:
        total = max((-(-size // stride) - 1) * stride + 3 - size, 0)
        return total // 2, total - total // 2

    top, bottom = sides(x.shape[2])
    left, right = sides(x.shape[3])
    return functional.pad(x, (left, right, top, bottom))


def crop(picture: U8, mesh: F32) -> U8:
    """u8[112,112,3]: the face's square; what lies past the picture repeats its edge."""
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    side = int(float((high - low).max()) * (1 + MARGIN))
    x0, y0 = (int(v) for v in (low + high) / 2 - side / 2)
    room = side
    wide = cv2.copyMakeBorder(picture, room, room, room, room, cv2.BORDER_REPLICATE)
    part = wide[y0 + room : y0 + room + side, x0 + room : x0 + room + side]
    out: U8 = cv2.resize(part, (CROP_PX, CROP_PX))
    return out
