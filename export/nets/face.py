"""The face nets: mesh and part regressors, detector, matte, occlusion; and their way to ONNX.

Offline; CPU or GPU unchanged.
Never read a picture from disk, never know the data.
"""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engines.values import F32

STRIDE = 8
"""Picture pixels per cell of the detector's map."""


def conv(inside: int, outside: int, stride: int = 1, size: int = 3) -> nn.Sequential:
    """A convolution that keeps the size (but for its stride), normed, cut off below zero."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


def level(pictures: Tensor) -> Tensor:
    """[N,3,H,W] BGR 0-255 to each picture's own middle grey and contrast."""
    mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
    spread = (pictures - mean).square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    return (pictures - mean) / (spread + 8.0)


class PointNet(nn.Module):
    """Points of an aligned crop: a dense trunk, then a shape basis as the last layer."""

    def __init__(
        self, side: int, points: int, modes: int,
        widths: tuple[int, int, int] = (24, 56, 96), hidden: int = 160,
    ) -> None:  # fmt: skip
        super().__init__()
        a, b, c = widths
        self.side = side
        self.trunk = nn.Sequential(
            nn.PixelUnshuffle(4), conv(48, a), conv(a, b, 2), conv(b, b),
            conv(b, c, 2), conv(c, c), nn.Flatten(),
        )  # fmt: skip
        self.squeeze = nn.Linear(c * (side // 16) ** 2, hidden)
        self.modes = nn.Linear(hidden, modes)
        self.basis = nn.Linear(modes, points * 3)
        self.points = points
        flat = c * (side // 16) ** 2
        # Solved in closed form after training (export.train.face_ridge), never by gradient.
        self.mend = nn.Linear(flat, modes)
        self.mend_basis = nn.Linear(modes, points * 3, bias=False)
        for layer in (self.mend, self.mend_basis):
            for value in layer.parameters():
                value.requires_grad_(False)
                value.zero_()

    def set_basis(self, mean: F32, basis: F32) -> None:
        """Mean f32[P,3] and basis f32[K,P,3] of training shapes, in crop sides."""
        with torch.no_grad():
            self.basis.bias.copy_(torch.from_numpy(mean.reshape(-1)))
            self.basis.weight.copy_(torch.from_numpy(basis.reshape(len(basis), -1).T.copy()))
            self.modes.weight.mul_(0.3)

    def both(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """[N,P,3] from any crop, and mended for crops that are nearly right; 0 in the middle."""
        flat = self.trunk(level(pictures))
        rough: Tensor = self.basis(self.modes(torch.relu(self.squeeze(flat))))
        fine: Tensor = rough + self.mend_basis(self.mend(flat))
        return rough.view(-1, self.points, 3), fine.view(-1, self.points, 3)

    def forward(self, pictures: Tensor) -> Tensor:
        """[N,3,S,S] BGR 0-255 -> [N,P,3] in crop sides: what gradient training sees."""
        return self.both(pictures)[0]


class TwoAnswers(nn.Module):
    """A PointNet as it is shipped: "points" for a first look, "fine" for the later ones."""

    def __init__(self, net: PointNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """[N,3,S,S] -> twice [N,P,3]."""
        return self.net.both(pictures)


class Pyramid(nn.Module):
    """Features at 1/8 of the picture that have seen all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.split = nn.PixelUnshuffle(4)
        self.at8 = conv(48, 32, 2)
        self.at16 = nn.Sequential(conv(32, 48, 2), conv(48, 48))
        self.at32 = nn.Sequential(conv(48, 72, 2), conv(72, 72), conv(72, 72))
        self.side16, self.side8 = nn.Conv2d(72, 48, 1), nn.Conv2d(48, 32, 1)
        self.join16, self.join8 = conv(48, 48), conv(32, 32)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """[N,3,H,W] BGR 0-255 -> pixels folded [N,48,H/4,W/4] and features [N,32,H/8,W/8]."""
        folded = self.split(level(pictures))
        a = self.at8(folded)
        b = self.at16(a)
        c = self.at32(b)
        up = nn.functional.interpolate
        b = self.join16(b + up(self.side16(c), scale_factor=2.0, mode="nearest"))
        a = self.join8(a + up(self.side8(b), scale_factor=2.0, mode="nearest"))
        return folded, a


class SceneNet(nn.Module):
    """Two answers from one look: a map of face middles, and what is person."""

    def __init__(self) -> None:
        super().__init__()
        self.pyramid = Pyramid()
        self.faces = nn.Conv2d(32, 7, 1)
        with torch.no_grad():
            self.faces.weight.mul_(0.3)
            start = torch.tensor([-4.0, -1.0, -1.0, 1.0, -1.0, 0.0, 1.0])
            self.faces.bias = nn.Parameter(start)
        self.open = nn.Sequential(nn.Conv2d(32, 64, 1), nn.PixelShuffle(2))
        self.fine = conv(48, 16, 1, 1)
        self.mix = conv(16, 16)
        self.person = nn.Sequential(nn.Conv2d(16, 16, 1), nn.PixelShuffle(4))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """[N,3,H,W] -> [N,7,H/8,W/8] and logits [N,1,H,W].

        The 7: logit; left eye, right eye, mouth (x, y) from the cell's middle in 32 px.
        """
        folded, seen = self.pyramid(pictures)
        person: Tensor = self.person(self.mix(self.open(seen) + self.fine(folded)))
        return self.faces(seen), person


class OcclusionNet(nn.Module):
    """What of an aligned face is hidden: mouth, left eye, right eye; a head on the mesh's trunk."""

    def __init__(self, mesh: PointNet) -> None:
        """Starts from a copy of the trunk of `mesh`, trained or not."""
        super().__init__()
        self.trunk = copy.deepcopy(mesh.trunk)
        self.head = nn.Sequential(
            nn.Dropout(0.3), nn.Linear(mesh.squeeze.in_features, 48), nn.ReLU(),
            nn.Dropout(0.2), nn.Linear(48, 3),
        )  # fmt: skip

    def forward(self, pictures: Tensor) -> Tensor:
        """[N,3,S,S] BGR 0-255 -> logits [N,3]."""
        out: Tensor = self.head(self.trunk(level(pictures)))
        return out


def export_onnx(net: nn.Module, side: int, outputs: list[str], path: Path) -> None:
    """Write `net` for any batch of side x side pictures, weights stored as half floats."""
    import onnx

    net.eval()
    sample = torch.zeros(2, 3, side, side)
    torch.onnx.export(
        net, (sample,), str(path), input_names=["pictures"], output_names=outputs,
        dynamic_axes={name: {0: "batch"} for name in ("pictures", *outputs)},
        opset_version=17, dynamo=False,
    )  # fmt: skip
    model = onnx.load(str(path))
    halve(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def halve(model: object) -> None:
    """Store each large float32 weight of an ONNX model as float16 with a Cast behind it.

    Half the file; the runtime folds the casts at load and computes in float32 as before.
    """
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph  # type: ignore[attr-defined]
    casts = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT:
            continue
        value = numpy_helper.to_array(tensor)
        if value.size < 256:
            continue
        name = tensor.name
        small = numpy_helper.from_array(value.astype(np.float16), f"{name}.half")
        graph.initializer.remove(tensor)
        graph.initializer.append(small)
        casts.append(helper.make_node("Cast", [small.name], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
