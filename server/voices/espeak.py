"""eSpeak NG as a process of its own for each text: what is there when nothing else is.

Runs on the event loop; its voices are listed once, on whoever makes the provider.
Never links the library (GPL), and never leaves a process behind.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator

import numpy as np

from server.voices.checks import choose, clean, is_silent
from server.voices.faults import VoiceCut, VoiceTimeout, VoiceUnavailable
from server.voices.settings import VoiceSettings
from server.voices.values import Spoken, Voice
from server.voices.words import WordReckoner

HEADER_BYTES = 44
"""RIFF, `fmt ` and the head of `data`, whose length is not known yet."""
PIECE_BYTES = 4096
"""About 90 ms: what the program writes at once."""
LIST_TIMEOUT_S = 5.0
WOMAN = "+f3"
"""Variant of every language's voice; the plain one is a man's."""
FIRST = "en-us"
HINT = "install espeak-ng, or set voices.espeak_program; `synchrorama doctor` tells more"


class EspeakVoice:
    """`server.voices.values.TextToSpeech` by the program `espeak-ng`."""

    def __init__(self, settings: VoiceSettings) -> None:
        """Raises VoiceUnavailable when the program is not there or lists no voices."""
        found = shutil.which(settings.espeak_program)
        if found is None:
            raise VoiceUnavailable(f"no program {settings.espeak_program!r} is found", HINT)
        self._program = found
        self._settings = settings
        self._voices = _list_voices(found)

    @property
    def name(self) -> str:
        """`espeak`."""
        return "espeak"

    @property
    def voices(self) -> tuple[Voice, ...]:
        """A man's and a woman's for each language."""
        return self._voices

    async def speak(
        self, text: str, voice: str | None = None, language: str | None = None
    ) -> AsyncGenerator[Spoken, None]:
        """Pieces of about 90 ms. Raises VoiceFault; closing it kills the process."""
        text = clean(text)
        chosen = choose(self._voices, voice, language)
        if is_silent(text):
            return
        process = await self._start(chosen)
        try:
            async for piece in self._read(process, text):
                yield piece
        finally:
            await _end(process)

    async def aclose(self) -> None:
        """Nothing is held between texts."""

    async def _start(self, voice: Voice) -> Process:
        pace = str(self._settings.espeak_words_per_minute)
        try:
            # The text goes in by stdin: it is nobody's to read in the list of processes.
            return await asyncio.create_subprocess_exec(
                self._program, "--stdin", "--stdout", "-b", "1", "-v", voice.name, "-s", pace,
                stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise VoiceUnavailable(f"espeak-ng does not start: {error.strerror}", HINT) from error

    async def _read(self, process: Process, text: str) -> AsyncGenerator[Spoken, None]:
        assert process.stdin is not None and process.stdout is not None
        # "[[" would begin phonemes in the program's own letters.
        process.stdin.write(text.replace("[[", "[ ").encode())
        process.stdin.close()
        head = await self._next(process.stdout, HEADER_BYTES, whole=True)
        if len(head) < HEADER_BYTES or head[:4] != b"RIFF":
            raise VoiceCut("espeak-ng gave no sound", HINT)
        rate_hz = int.from_bytes(head[24:28], "little")
        words = WordReckoner(text, rate_hz)
        odd = b""
        while data := await self._next(process.stdout, PIECE_BYTES):
            data = odd + data
            odd = data[len(data) & ~1 :]
            pcm = np.frombuffer(data, "<i2", len(data) // 2).astype(np.int16, copy=False)
            yield Spoken(pcm, rate_hz, words.hear(pcm))
        if await process.wait() != 0:
            raise VoiceCut(f"espeak-ng broke off with status {process.returncode}", HINT)
        yield Spoken(np.zeros(0, np.int16), rate_hz, words.finish())

    async def _next(self, pipe: asyncio.StreamReader, size: int, whole: bool = False) -> bytes:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await (pipe.readexactly(size) if whole else pipe.read(size))
        except asyncio.IncompleteReadError as error:
            return error.partial
        except TimeoutError as error:
            raise VoiceTimeout(
                f"espeak-ng gave nothing for {self._settings.timeout_s:g} s",
                "the machine may be overloaded; see voices.timeout_s",
            ) from error


async def _end(process: Process) -> None:
    """Kill it if it still runs, and let go of its pipes."""
    if process.returncode is None:
        process.kill()
    assert process.stdout is not None
    # To the end: a pipe that nobody reads keeps the transport open.
    while await process.stdout.read(65_536):
        pass
    await process.wait()


def _list_voices(program: str) -> tuple[Voice, ...]:
    try:
        done = subprocess.run(
            [program, "--voices"], capture_output=True, timeout=LIST_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise VoiceUnavailable(
            f"espeak-ng lists no voices: {type(error).__name__}", HINT
        ) from error
    rows = re.findall(
        r"^\s*\d+\s+(\S+)\s+\S+\s+(\S+)", done.stdout.decode("utf-8", "replace"), re.MULTILINE
    )
    if not rows:
        raise VoiceUnavailable("espeak-ng lists no voices", HINT)
    # A language may be listed for two accents of the same name; the first is what is spoken.
    rows = sorted(dict(reversed(rows)).items(), key=lambda row: (row[0] != FIRST, row[0]))
    return tuple(
        Voice(f"{language}{variant}", language, f"{name.replace('_', ' ')}, {who}")
        for language, name in rows
        for variant, who in (("", "man"), (WOMAN, "woman"))
    )
