"""`python -m export head-glb --out head.glb`: the rig's head as glTF with ARKit's 52 morph targets.

Offline, main thread.
Never writes anything but its one file.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.render.rig import load_rig
from engines.values import ARKIT_NAMES, F32
from export.rig.head_mesh import HeadMesh, eyeball, head_mesh, vertex_normals

CREDIT = "Face: ICT-FaceKit light, (c) USC Institute for Creative Technologies, MIT licence"
UNIT_CM = 4.0
"""Lengths in the file; the node's scale makes metres of them. No shape moves a point as far."""
LEAST_CM = 0.03
"""A point that a shape moves by less is left out of it."""
FLOAT, U16, I16 = 5126, 5123, 5122


class Glb:
    """A glTF 2.0 file as it grows (Khronos, binary container, section 4)."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, int]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, array: NDArray[Any]) -> int:
        """Bytes of an array; returns the view's number."""
        self.data += bytes(-len(self.data) % 4)
        raw = np.ascontiguousarray(array).tobytes()
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(raw)})
        self.data += raw
        return len(self.views) - 1

    def vectors(self, array: F32) -> int:
        """f32[N,3]; returns the accessor's number."""
        bounds = {"min": array.min(0).tolist(), "max": array.max(0).tolist()}
        return self._accessor(self.view(array), FLOAT, len(array), "VEC3", bounds)

    def indices(self, triangles: NDArray[np.int64]) -> int:
        """i64[M,3] below 65536."""
        view = self.view(triangles.astype("<u2"))
        return self._accessor(view, U16, triangles.size, "SCALAR", {})

    def sparse(self, array: F32, least: float) -> int:
        """f32[N,3] in (-1, 1) as 16 bits, of which only rows longer than `least` are kept.

        Raises ValueError for values out of range.
        """
        if not np.abs(array).max() < 1:
            raise ValueError(f"a shape moves a point by {np.abs(array).max() * UNIT_CM:.1f} cm")
        rows = np.flatnonzero(np.linalg.norm(array, axis=1) > least)
        rows = rows if len(rows) else np.array([0])
        kept = np.zeros(array.shape, np.int16)
        kept[rows] = np.round(array[rows] * 32767)
        bounds = {"min": kept.min(0).tolist(), "max": kept.max(0).tolist()}
        index = self._accessor(None, I16, len(array), "VEC3", {"normalized": True, **bounds})
        self.accessors[index]["sparse"] = {
            "count": len(rows),
            "indices": {"bufferView": self.view(rows.astype("<u2")), "componentType": U16},
            "values": {"bufferView": self.view(kept[rows].astype("<i2"))},
        }
        return index

    def _accessor(
        self, view: int | None, kind: int, count: int, shape: str, more: dict[str, Any]
    ) -> int:
        row = {"componentType": kind, "count": count, "type": shape, **more}
        self.accessors.append(row if view is None else {"bufferView": view, **row})
        return len(self.accessors) - 1

    def whole(self, scene: dict[str, Any]) -> bytes:
        """The file."""
        self.data += bytes(-len(self.data) % 4)
        tree = {
            "asset": {"version": "2.0", "generator": "SynchroRaMa Live", "copyright": CREDIT},
            **scene,
            "buffers": [{"byteLength": len(self.data)}],
            "bufferViews": self.views,
            "accessors": self.accessors,
        }
        text = json.dumps(tree, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text
        chunks += struct.pack("<I4s", len(self.data), b"BIN\0") + bytes(self.data)
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def head_glb(head: HeadMesh) -> bytes:
    """The file: nodes Head (mesh with morph targets), EyeLeft and EyeRight below it."""
    glb = Glb()
    face = _surface(glb, head.points, head.colours, head.triangles, 0)
    face["targets"] = [
        {"POSITION": glb.sparse(delta / np.float32(UNIT_CM), LEAST_CM / UNIT_CM)}
        for delta in head.deltas
    ]
    ball = _surface(glb, *eyeball(), 1)
    eyes = [
        {"name": f"Eye{side}", "mesh": 1, "translation": (centre / UNIT_CM).tolist()}
        for side, centre in head.eyes.items()
    ]
    skin = {"metallicFactor": 0.0, "roughnessFactor": 0.62}
    wet = {"metallicFactor": 0.0, "roughnessFactor": 0.15}
    metres = [UNIT_CM / 100] * 3
    return glb.whole(
        {
            "extensionsUsed": ["KHR_mesh_quantization"],
            "extensionsRequired": ["KHR_mesh_quantization"],
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"name": "Head", "mesh": 0, "children": [1, 2], "scale": metres}, *eyes],
            "meshes": [
                {
                    "name": "Head",
                    "primitives": [face],
                    "weights": [0.0] * len(ARKIT_NAMES),
                    "extras": {"targetNames": list(ARKIT_NAMES)},
                },
                {"name": "Eye", "primitives": [ball]},
            ],
            "materials": [
                {"name": "Skin", "pbrMetallicRoughness": skin, "doubleSided": True},
                {"name": "Eye", "pbrMetallicRoughness": wet},
            ],
        }
    )


def _surface(
    glb: Glb, points: F32, colours: F32, triangles: NDArray[np.int64], material: int
) -> dict[str, Any]:
    return {
        "attributes": {
            "POSITION": glb.vectors(points / np.float32(UNIT_CM)),
            "NORMAL": glb.vectors(vertex_normals(points, triangles)),
            "COLOR_0": glb.vectors(colours),
        },
        "indices": glb.indices(triangles),
        "material": material,
    }


def main(argv: Sequence[str]) -> int:
    """Write the file; 1 when it cannot be written."""
    parser = argparse.ArgumentParser(prog="python -m export head-glb", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .glb to write")
    out: Path = parser.parse_args(argv).out
    if out.suffix.lower() != ".glb":
        parser.error(f"--out {out}: the name must end with .glb")
    try:
        out.write_bytes(head_glb(head_mesh(load_rig())))
    except OSError as error:
        sys.stderr.write(f"--out {out}: it cannot be written ({error})\n")
        return 1
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")
    return 0
