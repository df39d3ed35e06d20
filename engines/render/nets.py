"""The renderer's nets on disk: manifest, hashes, sessions.

Any thread; read once, then shared by every session.
Never downloads, never repairs: a damaged folder is named with its remedy.

How they are trained and what they expect: docs/renderer.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from engines.avatars.personal import REMEDY as PERSONAL_REMEDY
from engines.avatars.personal import Personal
from engines.backends.base import (
    Backend,
    BackendError,
    BadGraph,
    CardLost,
    Model,
    Network,
    OutOfDeviceMemory,
)
from engines.backends.ort import OrtBackend
from engines.backends.slots import HoldingNetwork, Slots
from engines.render.boxes import KINDS, MASKS, Kind, face_box
from engines.render.conditions import CONDITION_SIZE, Cues
from engines.render.sampler import SIGMA
from engines.values import F32, U8

SCHEMA = 1
NETS = tuple(name for kind in KINDS for name in (kind, f"{kind}_reference"))
"""For each kind of box what draws in it, and what reads the face at rest once per avatar."""
INT8 = ".int8"
"""Behind the name of a drawing net: the same in 8 bits, which the CPU runs in place of it."""
FACE_NETS = ("face", "face_reference", "face_encoder", "face_decoder")
"""Of the whole face: between the halves of its codec what draws in the latent."""
DEFAULT_FOLDER = Path(__file__).parents[1] / "weights" / "renderer"
WIDE_FOLDER = DEFAULT_FOLDER.with_name("wide")
"""Where the nets of the whole face are, once somebody has trained them (docs/wide.md)."""
REFERENCE = 24
"""Layers of the features of a face at rest, at a quarter of the box's size."""
LEVELS = 127.5
"""Nets take levels of 0..255 over this, less 1; residuals are differences over this."""
ROWS = {"mouth": 1, "eye": 2}
"""By kind, of one session."""
HELD = ("previous", "noised", "reference")
"""Inputs of a session that are not made anew with each frame."""
KEPT = {"previous": "residual"}
_OWN_KEPT = 4
"""Avatars whose own nets stay in memory, 20 MB each."""
_REMEDY = "install the package again, or run: python -m export to-onnx --renderer CHECKPOINTS"


class BadRendererWeights(Exception):
    """The weights folder is incomplete or damaged; the message names the file and the remedy."""


class NoRendererWeights(BadRendererWeights):
    """There is no such folder: this version came without these weights."""


@dataclass(frozen=True, slots=True)
class RendererNets:
    """Shared, read-only sessions."""

    sessions: dict[str, Network]
    steps: int
    """Steps of the sampler that the nets were distilled for."""
    cues: frozenset[str]
    """Fields of `Cues` that they were trained with: the others would be noise to them."""
    digest: str
    """Of all four in floating point, whatever runs: what is measured with these nets is kept
    under it."""
    face: Kind | None = None
    """The box of the whole face, for nets of it; None: they draw mouth and eyes."""
    slots: Mapping[str, Slots] = field(default_factory=dict)
    """By kind: where sessions' rows lie on a card, once `hold` was asked for them."""

    def hold(self, sessions: int) -> RendererNets:
        """The same nets with room for the rows of so many sessions, where what runs them has it.

        Raises OutOfDeviceMemory.
        """
        slots = {}
        for kind, rows in (ROWS if self.face is None else {self.face.name: 1}).items():
            network = self.sessions[kind]
            if isinstance(network, HoldingNetwork):
                slots[kind] = network.slots(HELD, KEPT, sessions * rows)
        return replace(self, slots=slots)

    def known(self, cues: Cues) -> Cues:
        """Of what is known of a frame, what these nets understand."""
        return Cues(**{name: getattr(cues, name) for name in self.cues})

    def reference(self, kind: Kind, rest: U8, masks: U8) -> F32:
        """`shapes(kind)["reference"]` of boxes cut at rest, u8[N,h,w,3] and u8[N,2,h,w]."""
        feeds = {"rest": as_input(rest), "masks": as_shares(masks)}
        out: F32 = self.sessions[f"{kind.name}_reference"].run(["reference"], feeds)[0]
        return out

    def residual(
        self,
        kind: Kind,
        feeds: Mapping[str, F32],
        slots: Sequence[int] = (),
        *,
        keep: bool = True,
    ) -> F32:
        """The clean residual f32[N,*latent_shape] that the net sees in `noised`; inputs by name.

        With `slots` inputs may be left out: they lie there. `keep`: it is the `previous` of the
        next run of its slot.
        """
        if slots:
            held: F32 = self.slots[kind.name].run(["residual"], feeds, slots, keep=keep)[0]
            return held
        out: F32 = self.sessions[kind.name].run(["residual"], feeds)[0]
        return out

    def encoded(self, kind: Kind, box: F32) -> F32:
        """What the net sees of boxes f32[N,3,h,w]: their pixels, or their latent."""
        if not kind.latent:
            return box
        out: F32 = self.sessions[f"{kind.name}_encoder"].run(["latent"], {"box": box})[0]
        return out

    def changed(self, kind: Kind, picture: F32, residual: F32) -> F32:
        """f32[N,3,h,w]: what a residual adds to the boxes that `picture` is `encoded` of."""
        if not kind.latent:
            return residual
        feeds = {"picture": picture, "residual": residual}
        out: F32 = self.sessions[f"{kind.name}_decoder"].run(["change"], feeds)[0]
        return out


def as_input(pictures: U8) -> F32:
    """u8[N,h,w,3] as the nets take it: f32[N,3,h,w] in -1..1."""
    turned = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), dtype=np.float32)
    out: F32 = turned * np.float32(1 / LEVELS) - np.float32(1)
    return out


def as_shares(masks: U8) -> F32:
    """u8[N,2,h,w] as the nets take them: f32 in 0..1."""
    out: F32 = masks.astype(np.float32) * np.float32(1 / 255)
    return out


def shapes(kind: Kind, count: int = 1) -> dict[str, tuple[int, ...]]:
    """Inputs of the drawing net in their order."""
    inside = (count, *kind.latent_shape)
    rows, columns = kind.latent_shape[1:] if kind.latent else (n // 4 for n in kind.shape)
    return {
        "picture": inside,
        "masks": (count, MASKS, *kind.shape),
        "previous": inside,
        "noised": inside,
        "time": (count, 1),
        "condition": (count, CONDITION_SIZE),
        "reference": (count, REFERENCE, rows, columns),
    }


def load(
    folder: Path = DEFAULT_FOLDER, threads: int = 1, backend: Backend | None = None
) -> RendererNets:
    """Read and check a weights folder, run each net once; None: ONNX Runtime on the CPU.

    That runs the nets in 8 bits where the folder has them; a back-end given gets floating point,
    which its plans are built of.

    Raises NoRendererWeights where there is no manifest, BadRendererWeights for what is damaged,
    and what the back-end given raises when it cannot serve them.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise NoRendererWeights(f"{folder}: no weights of the renderer here; {_REMEDY}")
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadRendererWeights(f"{path}: {error}; {_REMEDY}") from error
    face = _check(folder, manifest)
    names = NETS if face is None else FACE_NETS
    sessions: dict[str, Network] = {}
    opened = OrtBackend(threads=threads) if backend is None else backend
    whole = {name: _read(folder / f"{name}.onnx", manifest["sha256"].get(name)) for name in names}
    small = {
        name: _read(folder / f"{name}{INT8}.onnx", digest)
        for name, digest in manifest.get("int8", {}).items()
    }
    for name, data in (whole | small if backend is None else whole).items():
        try:
            sessions[name] = opened.load(Model(f"{'wide' if face else 'renderer'}/{name}", data))
        except BadGraph as error:
            file = f"{name}{INT8 if data is small.get(name) else ''}.onnx"
            raise BadRendererWeights(f"{folder}/{file}: {error!r}; {_REMEDY}") from error
    all_four = "".join(manifest["sha256"][name] for name in names)
    digest = hashlib.sha256(all_four.encode()).hexdigest()[:16]
    steps, cues = int(manifest["steps"]), frozenset(manifest["cues"])
    nets = RendererNets(sessions, steps, cues, digest, face)
    for kind in KINDS.values() if face is None else (face,):
        _try(nets, kind, folder)
    return nets


def of_avatar(personal: Personal | None, general: RendererNets) -> RendererNets:
    """The nets that draw an avatar: its own, where it has any, or everybody's.

    Its own run on the CPU whatever everybody's run on: no plan is built for one face.

    Raises BadRendererWeights.
    """
    return general if personal is None else _own(personal.folder, personal.nets)


@lru_cache(_OWN_KEPT)
def _own(folder: Path, digest: str) -> RendererNets:
    """Shared by the renderers of an avatar: one for each size and stage."""
    try:
        nets = load(folder)
    except BadRendererWeights as error:
        raise BadRendererWeights(f"{str(error).split(';')[0]}; {PERSONAL_REMEDY}") from error
    if nets.digest != digest:
        raise BadRendererWeights(f"{folder}: not the nets that were there before; load it again")
    return nets


def _check(folder: Path, manifest: Any) -> Kind | None:
    """The box of the whole face, where the nets are of it."""
    got = manifest.get("schema") if isinstance(manifest, dict) else None
    if got != SCHEMA:
        raise BadRendererWeights(f"{folder}: schema {got}, wanted {SCHEMA}; {_REMEDY}")
    if not isinstance(manifest.get("sha256"), dict) or manifest.get("steps") not in (1, 2, 3, 4):
        raise BadRendererWeights(f"{folder}: hashes or steps (1 to 4) are missing; {_REMEDY}")
    small = manifest.get("int8", {})
    if not isinstance(small, dict) or not small.keys() <= KINDS.keys():
        raise BadRendererWeights(
            f"{folder}: int8 {small}, wanted hashes of {', '.join(KINDS)} at most; {_REMEDY}"
        )
    cues = manifest.get("cues")
    if not isinstance(cues, list) or not set(cues) <= {field.name for field in fields(Cues)}:
        raise BadRendererWeights(f"{folder}: cues {cues} are not this version's; {_REMEDY}")
    if manifest.get("sigma") != SIGMA:
        raise BadRendererWeights(
            f"{folder}: nets for noise of {manifest.get('sigma')}, "
            f"this version's sampler makes {SIGMA}; {_REMEDY}"
        )
    side = manifest.get("face")
    if side is None:
        return None
    try:
        return face_box(side)
    except ValueError as error:
        raise BadRendererWeights(f"{folder}: {error}; {_REMEDY}") from error


def _read(path: Path, digest: str | None) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadRendererWeights(f"{path}: {error}; {_REMEDY}") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise BadRendererWeights(f"{path} is not the file the manifest names; {_REMEDY}")
    return data


def _try(nets: RendererNets, kind: Kind, folder: Path) -> None:
    """Run both nets of a kind, so that what does not fit is told now, by name."""
    h, w = kind.shape
    wanted = shapes(kind)
    try:
        blank = np.zeros((1, h, w, 3), np.uint8)
        found = nets.reference(kind, blank, np.zeros((1, MASKS, h, w), np.uint8))
        feeds = {name: np.zeros(s, np.float32) for name, s in wanted.items()}
        feeds["picture"] = nets.encoded(kind, np.zeros((1, 3, h, w), np.float32))
        drawn = nets.residual(kind, feeds)
        change = nets.changed(kind, feeds["picture"], drawn)
    except (CardLost, OutOfDeviceMemory):
        raise
    except BackendError as error:
        raise BadRendererWeights(f"{folder}: {kind.name}: {error!r}; {_REMEDY}") from error
    given = (found.shape, feeds["picture"].shape, drawn.shape, change.shape)
    meant = (wanted["reference"], wanted["picture"], wanted["picture"], (1, 3, h, w))
    if given != meant:
        raise BadRendererWeights(f"{folder}: {kind.name} gives {given}, wanted {meant}; {_REMEDY}")
