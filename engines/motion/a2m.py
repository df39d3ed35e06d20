"""The audio-to-motion net, frame by frame: head, gaze, lids, brows and the mood of the mouth.

Weights are shared and read-only; runs on the engine thread; each session has an `A2MState`.
Never moves what a consonant needs: the lips come from `engines.motion.lips`.

A variational autoencoder with a volume-preserving flow as prior, in motion space, causal: one
latent is drawn for four frames and decoded frame by frame (training: `export/nets/motion.py`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from engines.backends.ort import open_session
from engines.motion.eyes import EyesState, move_eyes, new_eyes
from engines.motion.face import CHANNEL_COUNT, CHANNEL_NAMES, HIGH, LOW
from engines.motion.feeling import FEELING_NAMES, FEELING_SIZE
from engines.motion.head import HeadState, move_head, new_head
from engines.motion.style import STYLE_NAMES
from engines.motion.voice import VOICE_NAMES
from engines.values import F32

SCHEMA = 2
DEFAULT_FOLDER = Path(__file__).parents[1] / "weights" / "motion"
BLOCK = 4
"""Frames of one latent."""
OTHER_SIZE = 2
SPEAKING = VOICE_NAMES.index("speaking")


class BadMotionWeights(Exception):
    """The weights folder is incomplete or damaged; the message names the file and the remedy."""


@dataclass(slots=True)
class A2MState:
    """One session's performance."""

    rng: np.random.Generator
    net: F32
    noise: F32
    eyes: EyesState
    head: HeadState
    phase: int = 0

    def as_it_is(self) -> A2MState:
        """A copy that stays when this one moves on; the random source is shared."""
        eyes = EyesState(self.eyes.look, self.eyes.goal)
        head = HeadState(self.head.pose, self.head.slow, self.head.lively)
        return A2MState(self.rng, self.net, self.noise, eyes, head, self.phase)


class A2M:
    """Shared weights and the step; make one per process, one state per session."""

    def __init__(self, session: onnxruntime.InferenceSession, manifest: dict[str, Any]) -> None:
        self._session = session
        self.manifest = manifest
        self._latent = int(manifest["net"]["latent"])
        self._first = np.zeros((1, int(manifest["state_size"])), np.float32)
        # The last two parts of the state are the motion before: at rest.
        rest = np.array(manifest["rest"], np.float32)
        self._first[0, -2 * CHANNEL_COUNT :] = np.tile(rest, 2)
        low, high = manifest["blink"]
        self._blink = (float(low), float(high))
        self._quick = float(manifest["quick"])
        self._phases = np.eye(BLOCK, dtype=np.float32)[:, None]

    @staticmethod
    def load(path: Path | None = None, threads: int = 1) -> A2M:
        """Load and check a weights folder (default: the one that ships).

        Raises BadMotionWeights.
        """
        folder = path or DEFAULT_FOLDER
        remedy = "restore it from the repository or run `python -m export train motion`"
        try:
            manifest = json.loads((folder / "manifest.json").read_text())
            weights = (folder / "motion.onnx").read_bytes()
        except (OSError, ValueError) as error:
            raise BadMotionWeights(f"{folder}: {error}; {remedy}") from error
        got = manifest.get("schema") if isinstance(manifest, dict) else None
        if got != SCHEMA:
            raise BadMotionWeights(f"{folder}: schema {got}, wanted {SCHEMA}; {remedy}")
        if hashlib.sha256(weights).hexdigest() != manifest.get("sha256"):
            raise BadMotionWeights(f"{folder}/motion.onnx does not match its manifest; {remedy}")
        for key, wanted in (
            ("channels", CHANNEL_NAMES),
            ("voice", VOICE_NAMES),
            ("feeling", FEELING_NAMES),
            ("style", STYLE_NAMES),
        ):
            if tuple(manifest.get(key, ())) != wanted:
                raise BadMotionWeights(f"{folder}: other {key} than this version's; {remedy}")
        try:
            model = A2M(open_session(weights, threads), manifest)
            model.step(model.new_state(0), *model.nothing(), 1.0)
        except Exception as error:
            # ONNX Runtime's own errors have no common type but this one.
            raise BadMotionWeights(f"{folder}: {error!r}; {remedy}") from error
        return model

    def nothing(self) -> tuple[F32, F32, F32, F32]:
        """Conditions of silence, nobody else, no emotion, the usual style."""
        return (
            np.zeros(len(VOICE_NAMES), np.float32),
            np.zeros(OTHER_SIZE, np.float32),
            np.zeros(FEELING_SIZE, np.float32),
            np.full(len(STYLE_NAMES), 0.5, np.float32),
        )

    def new_state(self, seed: int) -> A2MState:
        """A face at rest; equal seeds and equal conditions give equal motion, bit for bit."""
        rng = np.random.Generator(np.random.PCG64(seed))
        noise = np.zeros((1, self._latent), np.float32)
        return A2MState(rng, self._first, noise, new_eyes(), new_head())

    def step(
        self, state: A2MState, voice: F32, other: F32, feeling: F32, style: F32, temperature: float
    ) -> F32:
        """Channels f32[28] (CHANNEL_NAMES) of the next frame; advances `state`.

        voice f32[9] (VOICE_NAMES); other f32[2]: voice activity and energy of the other side;
        feeling f32[9] (FEELING_NAMES); style f32[7] (STYLE_NAMES); temperature 0 (the
        likeliest) .. 1.5.
        """
        out = self.perform(state, voice, other, feeling, style, temperature)
        move_eyes(state.eyes, out, self._blink)
        busy = bool(voice[SPEAKING] > 0.5 or other[0] > 0.5)
        move_head(state.head, out, busy, self._quick)
        return out

    def perform(
        self, state: A2MState, voice: F32, other: F32, feeling: F32, style: F32, temperature: float
    ) -> F32:
        """The net's own channels f32[28], before eyes and head are finished; as `step`."""
        if state.phase == 0:
            drawn = state.rng.standard_normal((1, self._latent), dtype=np.float32)
            state.noise = drawn * np.float32(temperature)
        feeds = {
            "conditions": np.concatenate([voice, other, feeling, style])[None],
            "noise": state.noise,
            "phase": self._phases[state.phase],
            "state": state.net,
        }
        motion, state.net = self._session.run(None, feeds)
        state.phase = (state.phase + 1) % BLOCK
        out: F32 = np.minimum(np.maximum(motion[0], LOW), HIGH)
        return out
