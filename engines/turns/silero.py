"""Speech or not by a Silero VAD net (its ONNX file, versions 5 and 6), for rooms with noise.

Used by the event loop; 20 ms cost about 0.1 ms. One net for all sessions, a state for each.
Never downloads: the file is given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime as ort

from engines.values import F32, SAMPLE_RATE_HZ

WINDOW, CONTEXT = 512, 64
"""Samples at 16 kHz that the net hears at once, and of the window before that it wants again."""
ON, OFF = 0.5, 0.35
"""The authors' threshold, and theirs less 0.15 to hold on."""
INPUTS = {"input", "state", "sr"}
RELEASE = 5
"""Hops of 20 ms below OFF that close: 100 ms."""


class BadSilero(Exception):
    """The file is not there or no such net; the message says which."""


@dataclass(slots=True)
class SileroState:
    """One session's."""

    recurrent: F32 = field(default_factory=lambda: np.zeros((2, 1, 128), np.float32))
    context: F32 = field(default_factory=lambda: np.zeros(CONTEXT, np.float32))
    rest: F32 = field(default_factory=lambda: np.empty(0, np.float32))
    probability: float = 0.0
    speaking: bool = False
    below: int = 0


class Silero:
    """`engines.turns.taker.Detector` on an ONNX file."""

    release_hops = RELEASE

    def __init__(self, path: Path) -> None:
        """Raises BadSilero."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if not path.is_file():
            raise BadSilero(f"no file {path}: wanted silero_vad.onnx of github.com/snakers4")
        try:
            self._net = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        # Its loader has no common type of error.
        except Exception as error:
            raise BadSilero(f"{path} is no ONNX net: {str(error)[:200]}") from error
        names = {item.name for item in self._net.get_inputs()}
        if names != INPUTS:
            raise BadSilero(f"{path}: inputs {sorted(names)}, wanted {sorted(INPUTS)} (version 5)")

    def new_state(self) -> SileroState:
        """Silent."""
        return SileroState()

    def step(self, state: object, samples: F32) -> bool:
        """Hear f32[N], N any; whether there is speech."""
        assert isinstance(state, SileroState)
        state.rest = np.concatenate((state.rest, samples))
        while len(state.rest) >= WINDOW:
            window, state.rest = state.rest[:WINDOW], state.rest[WINDOW:]
            self._window(state, window)
        if state.probability >= ON:
            state.speaking, state.below = True, 0
        elif state.probability < OFF and state.speaking:
            state.below += 1
            state.speaking = state.below < RELEASE
        return state.speaking

    def _window(self, state: SileroState, window: F32) -> None:
        heard = np.concatenate((state.context, window))[None].astype(np.float32)
        rate = np.array(SAMPLE_RATE_HZ, np.int64)
        given = {"input": heard, "state": state.recurrent, "sr": rate}
        probability, state.recurrent = self._net.run(None, given)
        state.probability = float(probability.reshape(-1)[0])
        state.context = window[-CONTEXT:].copy()
