"""`synchrorama bench dialogue --echo`: does the face ever interrupt itself by its own echo?

Runs in the bench's process, faster than real time: no sockets, the product's own turn taker.
Never tunes anything: rooms and delays are those of the table below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.turns.taker import Began, TurnEvent, TurnTaker
from engines.values import F32, SAMPLE_RATE_HZ
from server.bench.machine import machine, versions
from server.bench.report import Bar, Result, row
from server.bench.sounds import read_wav, to_rate

HOP = 320
VOICE = Path(__file__).resolve().parents[2] / "web_client" / "voice" / "welcome.wav"
ROOMS = ((-45.0, 250.0), (-30.0, 120.0), (-20.0, 400.0), (-10.0, 180.0), (0.0, 250.0), (4.0, 900.0))
"""(coupling dB, delay ms): from a browser that cancels echo to a loudspeaker at the microphone."""
HEARABLE = ((-100.0, 100.0), (-45.0, 250.0), (-30.0, 120.0), (-20.0, 400.0), (-10.0, 180.0))
"""Rooms in which a visitor who is as loud as the face's echo-free level is let through."""
REVERB_S = 0.25
LATEST_S = 1.5


@dataclass(frozen=True, slots=True)
class Room:
    """The way from what goes out to what comes in: a loudspeaker, a room, a microphone."""

    coupling_db: float
    delay_ms: float
    noise_db: float = -60.0
    seed: int = 0

    def microphone(self, out: F32, visitor: F32 | None = None) -> F32:
        """What is heard of f32[N] at 16 kHz, with a visitor over it: f32[N]."""
        rng = np.random.default_rng(self.seed)
        tail = int(REVERB_S * SAMPLE_RATE_HZ)
        response = np.exp(-6.9 * np.arange(tail) / tail) * rng.normal(size=tail) * 0.03
        response[0] = 1.0
        size = 1 << (len(out) + tail).bit_length()
        echo = np.fft.irfft(np.fft.rfft(out, size) * np.fft.rfft(response, size), size)
        delay = int(self.delay_ms * SAMPLE_RATE_HZ / 1000)
        heard = np.concatenate((np.zeros(delay), echo))[: len(out)] * 10 ** (self.coupling_db / 20)
        heard += rng.normal(size=len(out)) * 10 ** (self.noise_db / 20)
        if visitor is not None:
            heard[: len(visitor)] += visitor[: len(heard)]
        return np.clip(heard, -1, 1).astype(np.float32)


def converse(taker: TurnTaker, out: F32, heard: F32) -> list[tuple[float, TurnEvent]]:
    """Play `out` and hear `heard` in step; events with their time in seconds."""
    events: list[tuple[float, TurnEvent]] = []
    for at in range(0, len(out) - HOP + 1, HOP):
        taker.played(out[at : at + HOP])
        found = taker.hear(heard[at : at + HOP])
        events += [((at + HOP) / SAMPLE_RATE_HZ, each) for each in found]
    return events


def began(events: list[tuple[float, TurnEvent]]) -> list[float]:
    """When somebody was taken to speak."""
    return [at_s for at_s, event in events if isinstance(event, Began)]


def speech(seconds: float) -> F32:
    """The page's demo voice again and again, with pauses: f32[N] at 16 kHz."""
    sound, rate_hz = read_wav(VOICE)
    voice = to_rate(sound, rate_hz, SAMPLE_RATE_HZ)
    round_ = np.concatenate((voice, np.zeros(2 * SAMPLE_RATE_HZ, np.float32)))
    length = int(seconds * SAMPLE_RATE_HZ)
    return np.tile(round_, -(-length // len(round_)))[:length]


def barge_ins(out: F32, every_s: float = 20.0) -> tuple[F32, list[float]]:
    """A visitor over `out`: a second of the same voice, higher, as loud; and when, in seconds."""
    voice = speech(4.0)[SAMPLE_RATE_HZ:]
    # 1.25 times as fast: another voice for the level's envelope, its loudness the same.
    other = to_rate(voice, 5, 4)[: int(1.2 * SAMPLE_RATE_HZ)]
    visitor = np.zeros_like(out)
    times = []
    loud = np.abs(out) > 0.02
    for start in np.arange(10.0, len(out) / SAMPLE_RATE_HZ - 5, every_s):
        at = int(start * SAMPLE_RATE_HZ)
        # Only into speech: into a pause it is a turn like any other.
        at += int(np.argmax(loud[at:]))
        visitor[at : at + len(other)] = other[: len(visitor) - at]
        times.append(at / SAMPLE_RATE_HZ)
    return visitor, times


def echo(seconds: float, command: str, tell: Callable[[str], None]) -> Result:
    """Every room for `seconds` alone, and those where it may succeed with a visitor."""
    out = speech(seconds)
    alone = []
    for coupling_db, delay_ms in ROOMS:
        found = began(converse(TurnTaker(), out, Room(coupling_db, delay_ms).microphone(out)))
        tell(f"echo {coupling_db:g} dB after {delay_ms:g} ms: {len(found)} self-interruptions")
        alone.append(len(found))
    visitor, times = barge_ins(out)
    rows = [
        row(f"self-interruptions in {seconds:g} s, {len(ROOMS)} rooms", "", alone, Bar("high", 0))
    ]
    for coupling_db, delay_ms in HEARABLE:
        room = Room(coupling_db, delay_ms, seed=1)
        found = began(converse(TurnTaker(), out, room.microphone(out, visitor)))
        late = [
            min((t - at for t in found if 0 <= t - at < LATEST_S), default=None) for at in times
        ]
        taken = [each * 1000 for each in late if each is not None]
        name = "no echo" if coupling_db <= -100 else f"{coupling_db:g} dB"
        rows.append(row(f"barge-ins taken, {name}", "%", [100 * len(taken) / max(1, len(times))]))
        rows.append(row(f"after, {name}", "ms", taken))
    return Result(
        kind="dialogue-echo",
        command=command,
        rows=rows,
        notes=["Rooms are simulated; the voice is the page's. A visitor is as loud as the face."],
        machine=machine(),
        versions=versions(""),
    )
