"""Whether one more session fits: from cores, the measured frame time and what already runs.

Pure; runs on the event loop.
Never measures anything itself and never waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FRAME_S = 0.040
"""One frame at 25 fps: the time the engine thread has for all sessions together."""
ENGINE_SHARE = 0.85
"""Part of a frame the engine thread may fill: the rest absorbs the slowest frames."""
CPU_SHARE = 0.85
"""Part of all cores that sessions may fill: the rest is for signalling and the system."""
CODEC_S_512 = 0.008
"""CPU time per frame of encode, conversion and RTP at 512x512 (VP8 3.7 ms, conversion 0.7 ms,
Opus, SRTP and Python the rest: 0.23 core per session measured with the aiortc changes)."""
CODEC_S_FLOOR = 0.004
"""The part that does not shrink with the picture: sound, packets, the event loop."""
RETRY_AFTER_S = 5
"""Asked of a refused client when no session is known to end sooner."""
RETRY_AFTER_MAX_S = 60
SESSIONS_PER_PROCESS = 8
"""One process is bound by hand-offs of the interpreter lock past about eight sessions."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was measured on this machine."""

    cores: int
    step_p95_s: float
    """Engine time per frame at 512x512 (motion and picture), 95th percentile, in seconds."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The session may be made."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The session may not be made now."""

    reason: str
    """`sessions`, `engine` or `cpu`: the label of the metric."""
    message: str
    retry_after_s: int


def codec_s(size: int) -> float:
    """CPU time per frame outside the engine for a picture of `size` pixels square, in seconds."""
    pixels = (size / 512) ** 2
    return CODEC_S_FLOOR + (CODEC_S_512 - CODEC_S_FLOOR) * pixels


def step_s(size: int, machine: Machine) -> float:
    """Engine time per frame for a picture of `size`: half is fixed (motion), half is pixels."""
    return machine.step_p95_s * (0.5 + 0.5 * (size / 512) ** 2)


def at_512(step: float, size: int) -> float:
    """What a frame time measured at `size` would be at 512: the inverse of `step_s`."""
    return step / (0.5 + 0.5 * (size / 512) ** 2)


def derived_cap(machine: Machine) -> int:
    """Most sessions when no cap is set: one for each core, at least one."""
    return max(1, min(machine.cores, SESSIONS_PER_PROCESS))


def decide(
    sizes: Sequence[int],
    size: int,
    machine: Machine,
    cap: int | None,
    ends_in_s: float | None = None,
) -> Admitted | Refused:
    """Admit a session of `size` beside those of `sizes`, or refuse it with the reason.

    `cap` is the configured most sessions (None: derived). `ends_in_s` is when the first of them
    must end, if any has a limit. The first session is always admitted: a slow machine then steps
    down in quality rather than serve nobody.
    """
    most = derived_cap(machine) if cap is None else cap
    retry = _retry_after(ends_in_s)
    if len(sizes) >= most:
        return Refused("sessions", f"{len(sizes)} of {most} places are taken", retry)
    if not sizes:
        return Admitted()
    every = [*sizes, size]
    engine = sum(step_s(each, machine) for each in every)
    if engine > ENGINE_SHARE * FRAME_S:
        return Refused("engine", "the engine has no time left for one more face", retry)
    cpu = engine + sum(codec_s(each) for each in every)
    if cpu > CPU_SHARE * FRAME_S * machine.cores:
        return Refused("cpu", "the processor has no time left for one more session", retry)
    return Admitted()


def _retry_after(ends_in_s: float | None) -> int:
    if ends_in_s is None:
        return RETRY_AFTER_S
    return int(min(max(ends_in_s, 1.0), RETRY_AFTER_MAX_S))
