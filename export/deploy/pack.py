"""Command `pack`: every network that ships in one folder, with manifest, model cards, licences.

Offline, one process.
Never packs what is damaged: each part's own manifest must vouch for its files, each network load.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from engines.backends.base import BackendError, Model, Tensor
from engines.backends.networks import NETWORKS, WEIGHTS, NetworkRow
from engines.backends.ort import OrtBackend
from engines.backends.pack import MANIFEST, SCHEMA, digest_of, read_pack

ROOT = Path(__file__).parents[2]
CARD = "README.md"
LEGAL = ("LICENSE", "NOTICE", "docs/licenses")
KINDS = (".onnx", ".json", ".npz", ".txt", ".md")
"""Files that weights consist of."""


class NotPacked(Exception):
    """What keeps a pack from being made; the message names the file."""


def pack(out: Path, parts: dict[str, Path], root: Path = ROOT) -> Path:
    """Write the folder `out`, which must not be there. `parts`: part -> folder of its weights.

    Raises NotPacked, BackendError, OSError.
    """
    if out.exists():
        raise NotPacked(f"{out} is there already; name another folder, or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f"{out.name}.") as aside:
        folder = Path(aside) / "pack"
        for part, source in sorted(parts.items()):
            _copy_part(source, folder / "weights" / part)
        _copy_legal(root, folder)
        told = _manifest(folder)
        (folder / MANIFEST).write_text(json.dumps(told, indent=1) + "\n")
        found = read_pack(folder)
        for path in found.files:
            found.read(path)
        os.replace(folder, out)
    return out


def _copy_part(source: Path, target: Path) -> None:
    if not (source / CARD).is_file():
        raise NotPacked(f"{source}: no model card ({CARD}); write what it was made from and for")
    target.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        if path.suffix in KINDS:
            shutil.copyfile(path, target / path.name)
    told = json.loads((target / "manifest.json").read_bytes())
    for name, digest in _hashes(told, target):
        found = hashlib.sha256((target / name).read_bytes()).hexdigest()
        if found != digest:
            raise NotPacked(f"{source / name}: not the file its manifest names")


def _hashes(told: dict[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """File and sha256 of a part's own manifest: one hash, or one a network, int8 apart."""
    if isinstance(told["sha256"], str):
        (only,) = [p.name for p in folder.iterdir() if p.suffix in (".onnx", ".npz")]
        yield only, told["sha256"]
        return
    for name, digest in told["sha256"].items():
        yield _file_of(name), digest
    for name, digest in told.get("int8", {}).items():
        yield f"{name}.int8.onnx", digest


def _file_of(name: str) -> str:
    return name if Path(name).suffix in KINDS else f"{name}.onnx"


def _copy_legal(root: Path, folder: Path) -> None:
    for name in LEGAL:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        elif source.is_file():
            shutil.copyfile(source, folder / name)
        else:
            raise NotPacked(f"{source} is missing: a pack carries its licences")


def _manifest(folder: Path) -> dict[str, Any]:
    files = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    networks = {}
    for name, row in NETWORKS.items():
        file = f"weights/{name}.onnx"
        if file not in files:
            raise NotPacked(f"{name}: its file is not among the weights")
        networks[name] = _network(row, (folder / file).read_bytes(), file)
    told = {
        "schema": SCHEMA,
        "program": _version(),
        "licence": "Apache-2.0; credits in NOTICE",
        "networks": networks,
        "files": files,
    }
    return told | {"digest": digest_of(told)}


def _network(row: NetworkRow, graph: bytes, file: str) -> dict[str, Any]:
    backend = OrtBackend()
    loaded = backend.load(Model(row.name, graph))
    told = {
        "file": file,
        "card": f"weights/{row.name.split('/')[0]}/{CARD}",
        "bytes": len(graph),
        "precision": row.precision,
        "profile": {
            name: [list(shape) for shape in shapes]
            for name, shapes in row.profile(loaded.inputs).items()
        },
        "inputs": [_tensor(each) for each in loaded.inputs],
        "outputs": [_tensor(each) for each in loaded.outputs],
    }
    backend.close()
    return told


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return asdict(tensor)


def _version() -> str:
    try:
        return version("synchrorama-live")
    except PackageNotFoundError:
        return "0.0.0+tree"


def main(argv: list[str]) -> int:
    """`python -m export pack --out FOLDER`: 1 where it cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m export pack", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("artifacts/pack"), metavar="FOLDER")
    parser.add_argument(
        "--renderer",
        type=Path,
        default=WEIGHTS / "renderer",
        metavar="FOLDER",
        help="weights that `to-onnx` or `quantize` wrote (default: those that ship)",
    )
    args = parser.parse_args(argv)
    parts = {path.name: path for path in WEIGHTS.iterdir() if (path / "manifest.json").is_file()}
    try:
        out = pack(args.out, parts | {"renderer": args.renderer})
    except (NotPacked, BackendError, OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"pack: {error}\n")
        return 1
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {len(NETWORKS)} networks, {size / 1e6:.1f} MB")
    print(f"to use its renderer: synchrorama plan build --render-weights {out}; serve likewise")
    return 0
