"""Whether one more session fits: from cores, measured times of a frame and what already runs.

Pure; runs on the event loop.
Never measures anything itself and never waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from engines.scheduler import Limits

FRAME_S = 0.040
"""One frame at 25 fps: the time the engine thread has for all sessions together."""
LADDER = Limits()
"""The engine thread may be filled as far as its ladder lets it: see `Limits.down`."""
CPU_SHARE = 0.75
"""Part of all cores that sessions may fill: the rest is for signalling, the system, threads that
wait for each other, and clients on the same machine. Two cores filled to 0.8 by six sessions of 256
lost a picture in ten while others knocked."""
ENCODE_S_512 = 0.004
"""CPU time to convert and encode a frame of 512x512, where it was not measured."""
MEDIA_S = 0.0043
"""The rest of a session's media for each frame, whatever its size: sound, packets, the event
loops. Measured with eight sessions while the machine was slow; 3.2 ms while it was fast."""
LOCK_SHARE = 0.97
"""Of a frame's time that drawing and sending may ask for in one process, where they take turns at
one interpreter lock. Measured: three sessions of 256 that ask for 0.77 hold, and two of 512 for
0.68; four that ask for 1.02 and three for 1.03 lost up to half of their pictures."""
STEP_MARGIN = 1.25
"""What sustained sessions cost above the median step, which was measured alone: they keep pushing
each other out of the processor's caches (7.4 ms in place of 6 with four of 256)."""
RETRY_AFTER_S = 5
"""Asked of a refused client when no session is known to end sooner."""
RETRY_AFTER_MAX_S = 60
SESSIONS_PER_PROCESS = 8
"""One process is bound by hand-offs of the interpreter lock past about eight sessions."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was measured on this machine."""

    cores: int
    step_512_s: float
    """Engine time per frame at 512x512 (motion and picture) in seconds, drawn in the way that
    places are counted by (`server.drawing`): see `sustained_s`."""
    processes: int = 1
    """Media processes beside the engine's; 1 is everything in one process."""
    encode_512_s: float = ENCODE_S_512
    """CPU time to convert and encode a picture of 512x512."""
    engines: int = 1
    """Engine processes, each with a thread of its own."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The session may be made."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The session may not be made now."""

    reason: str
    """`sessions`, `engine`, `process` or `cpu`: the label of the metric."""
    message: str
    retry_after_s: int | None
    """None: the machine is at its limit, and nothing says when a session will end."""


def sustained_s(steps: Sequence[float]) -> float:
    """What sessions cost per frame, of measured step times: their median and `STEP_MARGIN`.

    Raises ValueError when there are none.
    """
    if not steps:
        raise ValueError("no frame was rendered")
    return STEP_MARGIN * median(steps)


def codec_s(size: int, machine: Machine) -> float:
    """CPU time per frame outside the engine for a picture of `size` pixels square, in seconds."""
    return MEDIA_S + machine.encode_512_s * (size / 512) ** 2


def step_s(size: int, machine: Machine) -> float:
    """Engine time per frame for a picture of `size`: half is fixed (motion), half is pixels."""
    return machine.step_512_s * (0.5 + 0.5 * (size / 512) ** 2)


def at_512(step: float, size: int) -> float:
    """What a frame time measured at `size` would be at 512: the inverse of `step_s`."""
    return step / (0.5 + 0.5 * (size / 512) ** 2)


def room(size: int, machine: Machine, cap: int | None, *, measured: bool = True) -> int:
    """Most sessions of `size` at a time: as many as `decide` admits one after the other."""
    admitted = 0
    while isinstance(decide([size] * admitted, size, machine, cap, measured=measured), Admitted):
        admitted += 1
    return admitted


def decide(
    sizes: Sequence[int],
    size: int,
    machine: Machine,
    cap: int | None,
    ends_in_s: float | None = None,
    *,
    measured: bool = True,
) -> Admitted | Refused:
    """Admit a session of `size` beside those of `sizes`, or refuse it with the reason.

    `cap` is the configured most sessions (None: what is measured alone decides). `ends_in_s` is
    when the first of them must end, if any has a limit. The first session is always admitted: a
    slow machine then steps down in quality rather than serve nobody. Not `measured`: the cap alone
    decides, or one for each core where there is none.
    """
    most = _most(machine, measured) if cap is None else cap
    if len(sizes) >= most:
        taken = f"{len(sizes)} of {most} places are taken"
        return Refused("sessions", taken, _retry_after(ends_in_s))
    if not sizes or not measured:
        return Admitted()
    every = [*sizes, size]
    engine = sum(step_s(each, machine) for each in every)
    share = LADDER.down(-(-len(every) // machine.engines))
    if engine > share * FRAME_S * machine.engines:
        return Refused("engine", _beside("draw", size, sizes), None)
    if machine.processes == 1 and engine + MEDIA_S * len(every) > LOCK_SHARE * FRAME_S:
        beside = _beside("draw and send", size, sizes)
        return Refused("process", f"{beside} in one process: see server.workers", None)
    cpu = engine + sum(codec_s(each, machine) for each in every)
    if cpu > CPU_SHARE * FRAME_S * machine.cores:
        return Refused("cpu", _beside("draw and encode", size, sizes), None)
    return Admitted()


def _most(machine: Machine, measured: bool) -> int:
    carried = SESSIONS_PER_PROCESS * max(machine.processes, 1)
    return carried if measured else max(1, min(machine.cores, carried))


def _beside(work: str, size: int, sizes: Sequence[int]) -> str:
    running = f"{len(sizes)} running session{'s' if len(sizes) != 1 else ''}"
    return f"this machine is too slow to {work} {size}x{size} beside {running}"


def _retry_after(ends_in_s: float | None) -> int:
    if ends_in_s is None:
        return RETRY_AFTER_S
    return int(min(max(ends_in_s, 1.0), RETRY_AFTER_MAX_S))
