"""Lips from sound, one video frame at a time: the trained net, its checks and its fallback.

Weights are shared and read-only; runs on the engine thread; each session has a `LipState`.
Never hears more than `lookahead` samples past its frame, and never moves brows, eyes or head.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from engines.backends.ort import open_session
from engines.features import MEL_BINS, LogMel, LogMelState, log_scale
from engines.motion.lip_decode import LipDecoder, LipShape
from engines.values import F32, FRAME_SAMPLES

SCHEMA = 1
DEFAULT_FOLDER = Path(__file__).parents[1] / "weights" / "lips"
BANDS = 20
"""The voice's colour is heard in 20 bands of 4 mel bins."""
COLOUR_DECAY = 0.98
"""Per frame: the colour is a mean over about two seconds."""
PEAK_FALL_DB = 0.04
"""Per frame (1 dB a second): the loudness that counts as full adapts to the microphone."""
ENERGY_RANGE_DB = 30.0
QUIET_DB = -60.0
"""Below this level of full scale nothing counts as speech, however quiet the stream has been."""


class BadLipWeights(Exception):
    """The weights folder is incomplete or damaged; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Lips:
    """What the lips do in one frame."""

    arkit: F32
    """f32[52] in [0, 1]: only jaw, mouth and cheek entries are used; mouthClose = lip seal."""
    closure: float
    """Probability that the lips touch."""
    confidence: float
    """How much the voice is like the voices of the training data."""
    energy: float
    """Loudness in [0, 1] relative to the speaker's own loud speech."""
    geometry: F32
    """f32[7], the distances that were decoded, in face heights (manifest: `geometry`)."""
    curves: F32
    """f32[8]: the auxiliary FACEGOOD curves (manifest: `curves`), for evaluation."""
    sound: F32
    """f32[80]: mean of the four log-mel rows that were new."""
    mel: F32
    """f32[4,80]: those rows."""


@dataclass(slots=True)
class LipState:
    """Everything one stream carries from frame to frame."""

    mel: LogMelState
    net: F32
    colour: F32
    colour_weight: float
    peak_db: float


class LipModel:
    """Shared weights and the step; make one per process, one state per session."""

    def __init__(self, session: onnxruntime.InferenceSession, manifest: dict[str, Any]) -> None:
        self._session = session
        self._mel = LogMel()
        self.manifest = manifest
        self.lookahead: int = int(manifest["lookahead"])
        self.geometry_names: tuple[str, ...] = tuple(manifest["geometry"])
        decode = manifest["decode"]
        shapes = [
            LipShape(
                names=tuple(row["names"]),
                effect=np.array(row["effect"], np.float32),
                limit=float(row["limit"]),
                stiffness=float(row["stiffness"]),
                prior=row["prior"],
            )
            for row in decode["shapes"]
        ]
        weights = np.array(decode["weights"], np.float32)
        self._decoder = LipDecoder(shapes, weights, manifest["visemes"])
        self._gain = np.array(decode["gain"], np.float32)
        self._seal: tuple[float, float] = tuple(decode["seal"])
        fallback = manifest["fallback"]
        self._loud_shape = np.array(fallback["at_full_energy"], np.float32)
        self._fallback_uses = np.array(fallback["uses"], np.float32)
        self._fallback_share = float(fallback["share"])
        self._fallback_power = float(fallback["power"])
        familiar = manifest["familiarity"]
        self._colour_mean = np.array(familiar["mean"], np.float32)
        self._colour_precision = np.array(familiar["precision"], np.float32)
        self._familiar_at = (float(familiar["middle"]), float(familiar["width"]))
        self._first_net = self._settle(int(manifest["state_size"]))

    @staticmethod
    def load(path: Path | None = None, threads: int = 1) -> LipModel:
        """Load and check a weights folder (default: the one that ships).

        Raises BadLipWeights.
        """
        folder = path or DEFAULT_FOLDER
        remedy = "restore it from the repository or run `python -m export train lips`"
        try:
            manifest = json.loads((folder / "manifest.json").read_text())
            weights = (folder / "lips.onnx").read_bytes()
        except (OSError, ValueError) as error:
            raise BadLipWeights(f"{folder}: {error}; {remedy}") from error
        got = manifest.get("schema") if isinstance(manifest, dict) else None
        if got != SCHEMA:
            raise BadLipWeights(f"{folder}: schema {got}, wanted {SCHEMA}; {remedy}")
        if hashlib.sha256(weights).hexdigest() != manifest.get("sha256"):
            raise BadLipWeights(f"{folder}/lips.onnx does not match its manifest; {remedy}")
        try:
            model = LipModel(open_session(weights, threads), manifest)
            # One step, so that a net and a manifest that do not fit are told now, by name.
            model.step(model.new_state(), np.zeros(FRAME_SAMPLES, np.float32))
        except Exception as error:
            # ONNX Runtime's own errors have no common type but this one.
            raise BadLipWeights(f"{folder}: {error!r}; {remedy}") from error
        return model

    def new_state(self) -> LipState:
        """A stream that has been silent for long."""
        return LipState(
            mel=self._mel.new_state(),
            net=self._first_net,
            colour=self._colour_mean.copy(),
            colour_weight=float(self.manifest["familiarity"]["prior_weight"]),
            peak_db=float(self.manifest["fallback"]["peak_db"]),
        )

    def step(self, state: LipState, samples: F32) -> Lips:
        """The next frame's lips from the next f32[640] of sound; advances `state`.

        Raises ValueError when `samples` has another length.
        """
        if samples.shape != (FRAME_SAMPLES,):
            raise ValueError(f"lips: wanted {FRAME_SAMPLES} samples, got shape {samples.shape}")
        power = self._mel.power(state.mel, samples)
        rows = log_scale(power)
        outputs = self._session.run(None, {"mel": rows[None], "state": state.net})
        geometry, closure, visemes, curves, state.net = outputs
        energy = self._loudness(state, power)
        confidence = self._familiarity(state, rows)
        shape = self._blend(geometry[0], confidence, energy) * self._gain
        seal = _smoothstep(float(closure[0]), *self._seal)
        return Lips(
            arkit=self._decoder(shape, visemes[0], seal),
            closure=float(closure[0]),
            confidence=confidence,
            energy=energy,
            geometry=shape,
            curves=curves[0],
            sound=np.add.reduce(rows) / np.float32(len(rows)),
            mel=rows,
        )

    def _settle(self, size: int) -> F32:
        """The net's state after two seconds of digital silence."""
        state = np.zeros((1, size), np.float32)
        rows = np.broadcast_to(log_scale(np.zeros(MEL_BINS, np.float32)), (1, 4, MEL_BINS))
        rows = np.ascontiguousarray(rows)
        for _ in range(50):
            state = self._session.run(["next_state"], {"mel": rows, "state": state})[0]
        return state

    def _loudness(self, state: LipState, power: F32) -> float:
        """Energy in [0, 1]; follows the loudest speech heard lately."""
        mean = float(np.add.reduce(power, axis=None) / np.float32(power.size))
        level_db = 10.0 * math.log10(mean + 1e-10)
        state.peak_db = max(level_db, state.peak_db - PEAK_FALL_DB, QUIET_DB + ENERGY_RANGE_DB)
        return min(1.0, max(0.0, 1.0 + (level_db - state.peak_db) / ENERGY_RANGE_DB))

    def _familiarity(self, state: LipState, rows: F32) -> float:
        """Mahalanobis distance of the voice's colour to the training voices, as 0..1.

        Loud rows count most, so gain and silence cancel out.
        """
        colour, weight = voice_colour(rows)
        state.colour_weight = COLOUR_DECAY * state.colour_weight + weight
        state.colour = state.colour + (weight / state.colour_weight) * (colour - state.colour)
        away = state.colour - self._colour_mean
        distance = math.sqrt(max(0.0, float(away @ self._colour_precision @ away)) / BANDS)
        middle, width = self._familiar_at
        return 1.0 / (1.0 + math.exp(min(50.0, (distance - middle) / width)))

    def _blend(self, geometry: F32, confidence: float, energy: float) -> F32:
        """Predicted distances; for a strange voice partly the jaw that follows loudness."""
        share = np.float32(self._fallback_share * (1.0 - confidence))
        from_energy = self._loud_shape * np.float32(energy**self._fallback_power)
        blended: F32 = geometry + share * self._fallback_uses * (from_energy - geometry)
        return blended


def voice_colour(rows: F32) -> tuple[F32, float]:
    """Level-free spectrum f32[20] of mel rows f32[4,80], and its weight (about amplitude)."""
    weights = np.exp(2.0 * (np.add.reduce(rows, axis=1) / np.float32(MEL_BINS)))
    total = float(np.add.reduce(weights))
    sums = np.add.reduce((weights @ rows / total).reshape(BANDS, -1), axis=1)
    bands = sums / np.float32(MEL_BINS // BANDS)
    colour: F32 = bands - np.add.reduce(bands) / np.float32(BANDS)
    return colour, total


def _smoothstep(value: float, low: float, high: float) -> float:
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    return share * share * (3.0 - 2.0 * share)
