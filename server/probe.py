"""The measuring probe of a session: a strip of blocks in the picture, onsets in the sound.

Pure; called by the player and the microphone reader of a session opened with `probe: true`.
Never draws into a picture it was given, and never runs in a session that did not ask for it.

The strip is two rows of 32 square blocks along the bottom edge, black or white: 24 bits and a
CRC-8 each. The upper row is the number of the frame (pts / 640), the lower one the wall time in
milliseconds at which the frame left the player, both modulo 2^24. `server/bench/page/strip.js` and
`server/bench/page/onset.js` are the same two algorithms in the browser; a test compares them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.values import F32, FRAME_SAMPLES, SAMPLE_RATE_HZ, U8, AudioChunk, Picture

BLOCKS = 32
"""Blocks of a row: 24 of the value, most significant first, then 8 of its checksum."""
VALUE_BITS = 24
MODULUS = 1 << VALUE_BITS
BLACK, WHITE = 16, 235
"""Video levels: full black and white would ring at the edges after quantisation."""

BLOCK_SAMPLES = SAMPLE_RATE_HZ // 1000
"""The detector looks at peaks of 1 ms."""
LOUD, QUIET = 0.05, 0.02
"""Peak levels: above the one a sound begins, below the other it is silence."""
ARM_MS = 150
"""Silence needed before the next onset."""
WAITING = 64
"""Drawn pictures that wait to be shown: over two seconds of them."""


def checksum(value: int) -> int:
    """CRC-8 (polynomial 0x07, start 0xFF) of 24 bits: all black or all white never fits."""
    crc = 0xFF
    for shift in (16, 8, 0):
        crc ^= (value >> shift) & 0xFF
        for _ in range(8):
            crc = ((crc << 1) ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def row_bits(value: int) -> NDArray[np.bool_]:
    """bool[32]: `value` modulo 2^24, most significant bit first, then its checksum."""
    value %= MODULUS
    word = (value << 8) | checksum(value)
    return np.array([(word >> (BLOCKS - 1 - i)) & 1 for i in range(BLOCKS)], dtype=np.bool_)


def row_value(levels: NDArray[np.floating[Any]]) -> int | None:
    """The value of a row from the mean luma f[32] of its blocks, or None where it does not fit."""
    word = 0
    for level in levels:
        word = (word << 1) | int(level > (BLACK + WHITE) / 2)
    value = word >> 8
    return value if checksum(value) == word & 0xFF else None


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the strip of one picture says; both values modulo 2^24."""

    frame: int
    """pts / 640."""
    sent_ms: int | None
    """Wall time in milliseconds when it left the player; None when only that row is unreadable."""


def stamp(image: U8, frame: int, sent_ms: int) -> U8:
    """A copy of u8[H,W,3] with the strip drawn; W is at least 256."""
    side = image.shape[1] // BLOCKS
    height = image.shape[0]
    out = image.copy()
    for row, value in enumerate((frame, sent_ms)):
        levels = np.where(row_bits(value), WHITE, BLACK).astype(np.uint8)
        top = height - (2 - row) * side
        out[top : top + side, : side * BLOCKS] = np.repeat(levels, side)[None, :, None]
    return out


def read(luma: U8) -> Stamp | None:
    """The strip of a decoded picture u8[H,W] (luma), or None where there is none to read."""
    height, width = luma.shape
    side = width // BLOCKS
    margin = side // 4
    values: list[int | None] = []
    for row in range(2):
        top = height - (2 - row) * side
        blocks = luma[top : top + side, : side * BLOCKS].reshape(side, BLOCKS, side)
        inner = blocks[margin : side - margin, :, margin : side - margin]
        values.append(row_value(inner.mean(axis=(0, 2), dtype=np.float32)))
    return None if values[0] is None else Stamp(values[0], values[1])


@dataclass(slots=True)
class OnsetState:
    """Where the detector stands; made by `OnsetDetector.new_state`."""

    quiet_ms: int = 0
    armed: bool = True
    """Whether the next loud block is an onset: from enough silence until then."""
    rest: F32 = field(default_factory=lambda: np.zeros(0, np.float32))
    """Samples of the block that is not whole yet."""
    next_pts: int | None = None


class OnsetDetector:
    """Finds where a sound begins after silence. Any split of the input gives the same onsets."""

    def new_state(self) -> OnsetState:
        """Before the first sample."""
        return OnsetState()

    def step(self, state: OnsetState, pts: int, samples: F32) -> list[int]:
        """Hear f32[N] at media time `pts` (16 kHz); return the pts of the onsets in it.

        A jump of pts drops the block that was begun; the silence before it still counts.
        """
        if pts != state.next_pts:
            state.rest = np.zeros(0, np.float32)
        start = pts - len(state.rest)
        sound = np.concatenate([state.rest, samples])
        state.next_pts = pts + len(samples)
        whole = len(sound) // BLOCK_SAMPLES
        state.rest = sound[whole * BLOCK_SAMPLES :].copy()
        onsets: list[int] = []
        blocks = np.abs(sound[: whole * BLOCK_SAMPLES]).reshape(whole, BLOCK_SAMPLES)
        for index, peak in enumerate(blocks.max(axis=1, initial=0.0)):
            if peak > LOUD and state.armed:
                first = int(np.argmax(blocks[index] > LOUD))
                onsets.append(start + index * BLOCK_SAMPLES + first)
                state.armed = False
            state.quiet_ms = state.quiet_ms + 1 if peak < QUIET else 0
            state.armed = state.armed or state.quiet_ms >= ARM_MS
        return onsets


class Probe:
    """The probe of one session: hears its microphone, stamps its pictures."""

    def __init__(
        self,
        report: Callable[[dict[str, Any]], None],
        *,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """`report` sends one message to the page; `wall_clock` is in seconds since 1970."""
        self._report = report
        self._wall_clock = wall_clock
        self._detector = OnsetDetector()
        self._state = self._detector.new_state()
        self._drawn_ms: dict[int, int] = {}

    def hear(self, chunk: AudioChunk) -> None:
        """Hear sound as it enters the media clock; report each onset with the time it came."""
        for onset in self._detector.step(self._state, chunk.pts, chunk.samples):
            self._report({"type": "probe", "onset_pts": onset, "heard_ms": self._now_ms()})

    def drawn(self, picture: Picture, waited_s: float) -> None:
        """Note that the picture was drawn so long ago; told once it is stamped."""
        if len(self._drawn_ms) >= WAITING:
            # Of pictures that were never shown.
            self._drawn_ms.clear()
        self._drawn_ms[picture.pts] = self._now_ms() - round(waited_s * 1000)

    def stamp(self, picture: Picture) -> U8:
        """The picture's image u8[H,W,3] with its strip, drawn on a copy.

        Reports when the picture was drawn and when it leaves, under the number in the strip: by
        that number a client joins its own times to ours.
        """
        frame, sent_ms = picture.pts // FRAME_SAMPLES, self._now_ms()
        drawn_ms = self._drawn_ms.pop(picture.pts, None)
        if drawn_ms is not None:
            told = {"frame": frame % MODULUS, "drawn_ms": drawn_ms, "sent_ms": sent_ms}
            self._report({"type": "probe_frame", **told})
        return stamp(picture.image, frame, sent_ms)

    def _now_ms(self) -> int:
        return round(self._wall_clock() * 1000)
