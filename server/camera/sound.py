"""A virtual microphone of PulseAudio or PipeWire, made for one run and removed by it.

Runs on the event loop; `pactl`, `pacat` and `parec` are programs called.
Never leaves a module of its own loaded, and removes none of another's.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from engines.values import F32, SAMPLE_RATE_HZ
from server.camera.devices import CameraError

SINK, SOURCE, TITLE = "synchrorama", "synchrorama_mic", "SynchroRaMa"
LATENCY_MS = 40
"""Asked of the sound system for the way to the virtual microphone; pictures wait as long."""
CHUNK_BYTES = SAMPLE_RATE_HZ // 50 * 4
"""20 ms of f32 from the microphone."""
MOST_WAITING = 200 * SAMPLE_RATE_HZ // 1000 * 2
"""200 ms of s16 in the pipe: more only when the sound system stands still; it is dropped."""
TIMEOUT_S = 5.0
Run = Callable[[Sequence[str]], Awaitable[tuple[int, str]]]


async def run_program(command: Sequence[str]) -> tuple[int, str]:
    """Status and words of a program that ends by itself."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return 124, f"{command[0]} did not answer within {TIMEOUT_S:g} s"
    return process.returncode or 0, said.decode(errors="replace").strip()


class VirtualMicrophone:
    """The null sink that the voice is played into, and the source that call programs list."""

    def __init__(self, run: Run = run_program) -> None:
        self._run = run
        self._modules: list[str] = []

    async def open(self) -> None:
        """Make both. Raises CameraError; nothing is left then."""
        described = f"device.description={TITLE}"
        sink = ("module-null-sink", f"sink_name={SINK}", f"sink_properties={described}")
        # Browsers do not list the monitor of a sink.
        source = (
            "module-remap-source",
            f"source_name={SOURCE}",
            f"master={SINK}.monitor",
            f"source_properties={described}",
        )
        try:
            for module in (sink, source):
                self._modules.append(await self._load(module))
        except BaseException:
            await self.aclose()
            raise

    async def _load(self, module: Sequence[str]) -> str:
        status, said = await self._run(("pactl", "load-module", *module))
        if status != 0 or not said.isdigit():
            hint = "does the sound server run (pactl info)? or --no-sound"
            raise CameraError(f"pactl load-module {module[0]}: {said[:200]}. {hint}")
        return said

    async def aclose(self) -> None:
        """Remove what was made, last first. Idempotent."""
        while self._modules:
            await self._run(("pactl", "unload-module", self._modules.pop()))


class Loudspeaker:
    """`pacat` playing into the sink; a `server.player.Sink` for samples at 16 kHz."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self.dropped = 0

    async def open(self) -> None:
        """Start it. Raises CameraError."""
        self._process = await _start(
            "pacat",
            *("--playback", "--raw", f"--device={SINK}", "--format=s16le", "--channels=1"),
            *(f"--rate={SAMPLE_RATE_HZ}", f"--latency-msec={LATENCY_MS}"),
            listens=True,
        )

    def play(self, samples: F32) -> None:
        """f32[N] now; dropped where the sound system takes no more."""
        pipe = self._process.stdin if self._process is not None else None
        if pipe is None or pipe.is_closing():
            return
        if pipe.transport.get_write_buffer_size() > MOST_WAITING:
            self.dropped += 1
            return
        pipe.write((np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes())

    async def aclose(self) -> None:
        """End it. Idempotent."""
        process, self._process = self._process, None
        await _stop(process)


class Microphone:
    """`parec` reading a microphone of this machine."""

    def __init__(self, device: str | None, on_sound: Callable[[F32], None]) -> None:
        self._device = device
        self._on_sound = on_sound
        self._process: Process | None = None

    async def run(self) -> None:
        """Read until cancelled. Raises CameraError when it ends by itself."""
        which = () if self._device is None else (f"--device={self._device}",)
        self._process = await _start(
            "parec",
            *("--raw", "--format=float32le", "--channels=1", f"--rate={SAMPLE_RATE_HZ}"),
            *("--latency-msec=20", *which),
        )
        assert self._process.stdout is not None
        try:
            while True:
                data = await self._process.stdout.readexactly(CHUNK_BYTES)
                self._on_sound(np.frombuffer(data, "<f4"))
        except asyncio.IncompleteReadError as error:
            hint = "list them with: pactl list short sources"
            raise CameraError(f"the microphone has ended; {hint}") from error
        finally:
            await _stop(self._process)


async def _start(*command: str, listens: bool = False) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE if listens else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL if listens else PIPE,
        )
    except OSError as error:
        raise CameraError(f"{command[0]} cannot be started ({error.strerror})") from error


async def _stop(process: Process | None) -> None:
    if process is None or process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
