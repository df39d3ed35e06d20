"""Every network that ships, for export and parity: golden inputs and bars, one row each.

Offline; main thread.
Never makes inputs up where the program can make them: they are what its own parts feed their
networks, recorded. Axes, profiles and precision are in the same row of `engines.backends.networks`,
which the server builds plans by and which may not import this package.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType

import numpy as np

from engines.avatars.store import BUILTIN, AvatarStore
from engines.backends.base import Array, Feeds, Model, Network, Tensor
from engines.backends.networks import NETWORKS, NetworkRow
from engines.backends.ort import OrtBackend
from engines.backends.runs import Runs
from engines.face import weights as face
from engines.face.finder import FaceFinder
from engines.motion.a2m import A2M
from engines.motion.a2m import DEFAULT_FOLDER as MOTION
from engines.motion.lips import DEFAULT_FOLDER as LIPS
from engines.motion.lips import LipModel
from engines.render import nets as renderer
from engines.render.cv import cv2
from engines.render.diffusion import DiffusionRenderer
from engines.scene.encoder import DEFAULT_FOLDER as SCENE
from engines.scene.encoder import SceneEncoder
from engines.scene.tokens import WordPiece
from engines.values import F32, FRAME_SAMPLES, MOTION_NAMES, MOTION_SIZE, SAMPLE_RATE_HZ

FP32_BAR, FP16_BAR = 1e-4, 1e-2
"""Largest difference over largest value of each output."""
PEOPLE = ("aria", "ken")
FRAMES = 50
TEXTS = (
    "A tired shop assistant. She nods.",
    "Happy!",
    "He looks away, calm and slow, then smiles.",
)
Recorded = dict[str, list[dict[str, Array]]]
"""Network -> what it was fed, call by call."""


class Recorder:
    """A network that keeps what it is fed."""

    def __init__(self, network: Network, kept: list[dict[str, Array]]) -> None:
        self._network = network
        self._kept = kept

    @property
    def name(self) -> str:
        """As `Network.name`."""
        return self._network.name

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """As `Network.inputs`."""
        return self._network.inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """As `Network.outputs`."""
        return self._network.outputs

    @property
    def runs(self) -> Runs:
        """As `Network.runs`."""
        return self._network.runs

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[Array]:
        """As `Network.run`."""
        self._kept.append({name: value.copy() for name, value in feeds.items()})
        return self._network.run(outputs, feeds)

    def close(self) -> None:
        """As `Network.close`."""
        self._network.close()


class RecordingBackend:
    """ONNX Runtime on the CPU, with all that its networks are fed."""

    kind = "recording"

    def __init__(self) -> None:
        self.recorded: Recorded = {}
        self._inner = OrtBackend()

    def load(self, model: Model) -> Network:
        """As `Backend.load`."""
        kept = self.recorded.setdefault(model.name, [])
        return Recorder(self._inner.load(model), kept)

    def close(self) -> None:
        """As `Backend.close`."""
        self._inner.close()


@dataclass(frozen=True, slots=True)
class Spec:
    """One row: the network, what it is tried on, and how near it must be."""

    network: NetworkRow
    golden: Callable[[], Sequence[Mapping[str, Array]]]
    """Feeds of real use, the same each time."""

    @property
    def bar(self) -> float:
        """Of the plan's precision."""
        return FP16_BAR if self.network.precision == "fp16" else FP32_BAR


def _seen(group: Callable[[], Recorded], name: str) -> Callable[[], list[dict[str, Array]]]:
    return lambda: group()[name]


@cache
def sound() -> Recorded:
    """A made-up voice through lips and motion."""
    backend = RecordingBackend()
    lips = LipModel(backend.load(NETWORKS["lips/lips"].model()), _manifest(LIPS))
    motion = A2M(backend.load(NETWORKS["motion/motion"].model()), _manifest(MOTION))
    heard, moved = lips.new_state(), motion.new_state(0)
    # Making the model ran the net on silence: that is no use of it.
    backend.recorded["lips/lips"].clear()
    for window in _voice().reshape(FRAMES, FRAME_SAMPLES):
        lips.step(heard, window)
        told = motion.nothing()
        told[0][:] = np.abs(window[: len(told[0])])
        motion.step(moved, *told, 1.0)
    return backend.recorded


@cache
def words() -> Recorded:
    """Scene texts through their encoder."""
    backend = RecordingBackend()
    tokens = WordPiece.load(SCENE / "vocab.txt")
    encoder = SceneEncoder(backend.load(NETWORKS["scene/scene"].model()), tokens)
    for text in TEXTS:
        encoder.read(text)
    return backend.recorded


@cache
def faces() -> Recorded:
    """Built-in portraits through the face finder."""
    backend, shipped = RecordingBackend(), face.load()
    recording = {name: backend.load(NETWORKS[f"face/{name}"].model()) for name in face.NETS}
    finder = FaceFinder(replace(shipped, sessions=recording))
    for person in PEOPLE:
        picture = cv2.imread(str(BUILTIN / person / "portrait.jpg"))
        finder.matte(picture, finder.landmarks(picture).points)
    return backend.recorded


@cache
def drawing(folder: Path = renderer.DEFAULT_FOLDER) -> Recorded:
    """Faces that speak, blink and turn, through the renderer's nets."""
    backend = RecordingBackend()
    nets = renderer.load(folder, backend=backend)
    # Loading tried each net on zeros.
    for kept in backend.recorded.values():
        kept.clear()
    store = AvatarStore([BUILTIN])
    for person in PEOPLE:
        drawer = DiffusionRenderer(store.load(person), 512, nets=nets)
        state = drawer.new_state(0)
        for opened in (0.0, 0.3, 0.7):
            drawer.render(state, _pose(opened))
    return backend.recorded


def _pose(opened: float) -> F32:
    pose = np.zeros(MOTION_SIZE, np.float32)
    for name, value in (("jawOpen", opened), ("eyeBlinkLeft", opened), ("mouthSmileLeft", 0.3)):
        pose[MOTION_NAMES.index(name)] = value
    return pose


def _voice() -> F32:
    time_s = np.arange(FRAMES * FRAME_SAMPLES) / SAMPLE_RATE_HZ
    syllables = np.maximum(0, np.sin(2 * np.pi * 3 * time_s))
    pitch = sum(np.sin(2 * np.pi * 140 * n * time_s) / n for n in range(1, 20))
    voice: F32 = (0.1 * syllables * pitch).astype(np.float32)
    return voice


def _manifest(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "manifest.json").read_text())
    return found


_GROUPS: dict[str, Callable[[], Recorded]] = {
    "face": faces,
    "lips": sound,
    "motion": sound,
    "scene": words,
    "renderer": drawing,
    "wide": partial(drawing, renderer.WIDE_FOLDER),
}
SPECS: Mapping[str, Spec] = MappingProxyType(
    {name: Spec(row, _seen(_GROUPS[name.split("/")[0]], name)) for name, row in NETWORKS.items()}
)
