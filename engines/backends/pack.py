"""A pack: the networks of this program in one folder, with hashes, model cards and licences.

Read at the start and by `plan build`; any thread. Made by `python -m export pack`.
Never gives out a file that its manifest does not vouch for, and never repairs one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from engines.backends.base import BackendError, Model
from engines.backends.networks import NETWORKS, WEIGHTS

MANIFEST = "pack.json"
SCHEMA = 1
REMEDY = "make it again: python -m export pack --out FOLDER"
MOST_BYTES = 1 << 20
"""Of a manifest: ours has some kilobytes."""


class BadPack(BackendError):
    """The folder is no pack, or not the one that its manifest tells of."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A folder whose manifest has been read and found true to itself."""

    folder: Path
    files: Mapping[str, str]
    """Path in the folder, with slashes -> sha256."""
    networks: Mapping[str, str]
    """Name, as in `NETWORKS` -> path of its ONNX file."""

    def weights(self, part: str) -> Path:
        """The folder of a part of the program: "renderer". All its files are checked.

        Raises BadPack.
        """
        found = [path for path in self.files if path.startswith(f"weights/{part}/")]
        if not found:
            raise BadPack(f"{self.folder}: no weights of the {part}; {REMEDY}")
        for path in found:
            self.read(path)
        return self.folder / "weights" / part

    def model(self, name: str) -> Model:
        """A network. Raises BadPack."""
        if name not in self.networks:
            raise BadPack(f"{self.folder}: no network {name}; {REMEDY}")
        return Model(name, self.read(self.networks[name]))

    def read(self, path: str) -> bytes:
        """A file, checked. Raises BadPack."""
        try:
            data = (self.folder / path).read_bytes()
        except OSError as error:
            raise BadPack(f"{self.folder / path}: {error.strerror}; {REMEDY}") from error
        if hashlib.sha256(data).hexdigest() != self.files.get(path):
            raise BadPack(f"{self.folder / path}: not the file its manifest names; {REMEDY}")
        return data


def read_pack(folder: Path) -> Pack:
    """Read a pack's manifest. Raises BadPack."""
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadPack(f"{path}: more than {MOST_BYTES} bytes; {REMEDY}")
        told = json.loads(path.read_bytes())
        _check(told)
        files = {str(name): str(digest) for name, digest in told["files"].items()}
        networks = {str(name): str(each["file"]) for name, each in told["networks"].items()}
    except OSError as error:
        raise BadPack(f"{path}: {error.strerror}: no pack; {REMEDY}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise BadPack(f"{path}: {said}; {REMEDY}") from error
    for name in (*files, *networks.values()):
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or "\\" in name or name not in files:
            raise BadPack(f"{path}: {name!r} is no file of a pack; {REMEDY}")
    return Pack(folder, files, networks)


def digest_of(told: Mapping[str, Any]) -> str:
    """Of a manifest without its digest, so that an edit is noticed."""
    plain = {key: value for key, value in told.items() if key != "digest"}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def model_of(name: str, pack: str | None) -> Model:
    """A network of a pack, or (None) of those installed. Raises BadPack, OSError."""
    return NETWORKS[name].model() if pack is None else read_pack(Path(pack)).model(name)


def weights_of(part: str, pack: str | None) -> Path:
    """The folder of a part's weights likewise. Raises BadPack."""
    return WEIGHTS / part if pack is None else read_pack(Path(pack)).weights(part)


def _check(told: Any) -> None:
    if not isinstance(told, dict):
        raise ValueError("no manifest")
    if told.get("schema") != SCHEMA:
        raise ValueError(f"schema {told.get('schema')}, wanted {SCHEMA}")
    if told.get("digest") != digest_of(told):
        raise ValueError("it was changed after it was written")
