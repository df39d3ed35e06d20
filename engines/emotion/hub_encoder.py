"""Published speech encoders by name (wav2vec 2.0, HuBERT, Whisper), streamed.

Weights are shared; runs on the thread that calls it; each stream has an `EncoderState`.
Never hears ahead: a hop is encoded when its last sample is there, with the sound before it.

The left context is kept as samples and encoded again with each hop: these encoders look both
ways, so their inner states of an earlier hop would not be what they give now.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engines.emotion import hub
from engines.vad import clean
from engines.values import F32, SAMPLE_RATE_HZ

ENCODED_HZ = 50
"""All three give a row each 20 ms."""
SAMPLES_PER_ROW = SAMPLE_RATE_HZ // ENCODED_HZ


@dataclass(slots=True)
class EncoderState:
    """The newest sound of one stream."""

    context: F32
    pending: F32 = field(default_factory=lambda: np.empty(0, np.float32))


class HubEncoder:
    """`step` gives f32[m,D] rows of 20 ms, hop by hop; the same interface as a Voice."""

    def __init__(self, name: str, hop_s: float = 0.5, context_s: float = 1.5) -> None:
        """Load a model by name or folder. Raises HubMissing; ValueError on a bad hop."""
        self._hop = round(hop_s * SAMPLE_RATE_HZ)
        self._context = round(context_s * SAMPLE_RATE_HZ)
        if self._hop < SAMPLES_PER_ROW or self._hop % SAMPLES_PER_ROW:
            raise ValueError(f"hop of {hop_s} s is no multiple of 20 ms")
        self._prepare = hub.load("AutoFeatureExtractor", name)
        model = hub.load("AutoModel", name)
        # Of a sequence-to-sequence model (Whisper) only the encoder listens.
        self._whisper = hasattr(model, "get_encoder") and hasattr(model, "decoder")
        self._model = model.get_encoder() if self._whisper else model
        if self._whisper:
            _shorten(self._model, (self._hop + self._context) // SAMPLES_PER_ROW)

    def new_state(self) -> EncoderState:
        """Silence before the first sample."""
        return EncoderState(np.zeros(self._context, np.float32))

    def step(self, state: EncoderState, samples: F32) -> F32:
        """Rows that `samples` f32[n] complete: hop_s x 50 for each whole hop."""
        state.pending = np.concatenate((state.pending, clean(samples)))
        rows: list[F32] = []
        while len(state.pending) >= self._hop:
            heard = np.concatenate((state.context, state.pending[: self._hop]))
            state.pending = state.pending[self._hop :]
            state.context = heard[len(heard) - self._context :]
            rows.append(self._encode(heard))
        return np.concatenate(rows) if rows else np.empty((0, self.size), np.float32)

    @property
    def size(self) -> int:
        """D."""
        config = self._model.config
        return int(getattr(config, "d_model", None) or config.hidden_size)

    def _encode(self, heard: F32) -> F32:
        wanted = self._hop // SAMPLES_PER_ROW
        options: dict[str, Any] = {"sampling_rate": SAMPLE_RATE_HZ, "return_tensors": "pt"}
        if self._whisper:
            options |= {"padding": "max_length", "max_length": len(heard)}
        inputs = self._prepare(heard, **options)
        key = "input_features" if self._whisper else "input_values"
        encoded = self._model(inputs[key]).last_hidden_state[0].numpy()
        # Convolutions without padding give a row or two less than the sound is long.
        short = max(0, wanted - len(encoded))
        rows: F32 = np.pad(encoded, ((short, 0), (0, 0)))[-wanted:].astype(np.float32)
        return rows


def _shorten(encoder: Any, rows: int) -> None:
    """Let a Whisper encoder hear short windows: its first `rows` positions, not always 30 s."""
    positions = encoder.embed_positions
    if rows > positions.num_embeddings:
        raise ValueError(f"window of {rows} rows is longer than the encoder's")
    encoder.embed_positions = type(positions).from_pretrained(positions.weight[:rows])
    encoder.max_source_positions = rows
    encoder.config.max_source_positions = rows
