"""Pocket TTS in this process: a neural voice from model files that lie where a setting says.

Loaded on a thread, and speaks on one thread of its own, a text at a time; asked on the event loop.
Never fetches anything from a network.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.mailbox import Mailbox
from server.voices.checks import choose, clean, is_silent
from server.voices.faults import VoiceCut, VoiceFault, VoiceTimeout, VoiceUnavailable
from server.voices.settings import VoiceSettings
from server.voices.values import I16, Spoken, Voice
from server.voices.words import WordReckoner

if TYPE_CHECKING:
    from pocket_tts import TTSModel

log = logging.getLogger(__name__)
PIECES_AHEAD = 7500
"""Ten minutes of 80 ms each: as much as MAX_TEXT gives."""
HINT = "see voices.local_model in docs/speak.md"


class PocketVoice:
    """`server.voices.values.TextToSpeech` by the package `pocket-tts`."""

    def __init__(self, settings: VoiceSettings) -> None:
        """Loads the model: seconds. Raises VoiceUnavailable when package or files are missing."""
        self._settings = settings
        path = Path(settings.local_model or "")
        self._model = _load(path)
        self._rate_hz = int(self._model.sample_rate)
        files = sorted((path.parent / "voices").glob("*.safetensors"))
        if not files:
            raise VoiceUnavailable(f"no *.safetensors lies in voices beside {path.name}", HINT)
        language = path.stem.split("_")[0]
        self._voices = tuple(
            Voice(file.stem, LANGUAGES.get(language, ""), file.stem.replace("_", " ").title())
            for file in files
        )
        self._files = {file.stem: file for file in files}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="voice")

    @property
    def name(self) -> str:
        """`local`."""
        return "local"

    @property
    def voices(self) -> tuple[Voice, ...]:
        """One for each file."""
        return self._voices

    async def speak(
        self, text: str, voice: str | None = None, language: str | None = None
    ) -> AsyncGenerator[Spoken, None]:
        """Pieces of about 80 ms. Raises VoiceFault; closing it stops the thread's work."""
        text = clean(text)
        chosen = choose(self._voices, voice, language)
        if is_silent(text):
            return
        run = _Run(asyncio.get_running_loop())
        made = self._thread.submit(run.work, self._model, self._files[chosen.name], text)
        words = WordReckoner(text, self._rate_hz)
        try:
            while (pcm := await self._next(run)) is not None:
                yield Spoken(pcm, self._rate_hz, words.hear(pcm))
            yield Spoken(np.zeros(0, np.int16), self._rate_hz, words.finish())
        finally:
            run.stopped.set()
            made.cancel()

    async def aclose(self) -> None:
        """Let the thread end. Idempotent."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _next(self, run: _Run) -> I16 | None:
        limit_s = self._settings.timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await run.next()
        except TimeoutError as error:
            raise VoiceTimeout(
                f"the local voice gave nothing for {limit_s:g} s",
                "the machine may be overloaded; see voices.timeout_s",
            ) from error


LANGUAGES = {
    "english": "en", "french": "fr", "german": "de", "portuguese": "pt", "italian": "it",
    "spanish": "es", "dutch": "nl",
}  # fmt: skip
"""By the first word of the model file's name."""


class _Run:
    """One text on its way through the thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._there = asyncio.Event()
        # Refuses: a hole in speech would go unnoticed; the text's own limit bounds it.
        self._pieces: Mailbox[I16 | VoiceFault | None] = Mailbox("voice", PIECES_AHEAD, "refuse")
        self.stopped = threading.Event()

    async def next(self) -> I16 | None:
        """The next piece; None at the end. Raises VoiceFault."""
        while not len(self._pieces):
            self._there.clear()
            await self._there.wait()
        found = self._pieces.get()
        if isinstance(found, VoiceFault):
            raise found
        return found

    def work(self, model: TTSModel, voice: Path, text: str) -> None:
        """On the thread: make all of it, or until nobody wants more."""
        try:
            state = model.get_state_for_audio_prompt(voice)
            for piece in model.generate_audio_stream(state, text, stop=self.stopped):
                sound = piece.detach().cpu().numpy()
                self._put((np.clip(sound, -1.0, 1.0) * 32767).astype(np.int16))
            self._put(None)
        except Exception as error:
            # The thread's border: whatever it was, who waits must hear of it.
            log.error("the local voice failed", exc_info=error)
            self._put(VoiceCut(f"the local voice failed ({type(error).__name__})", HINT))

    def _put(self, item: I16 | VoiceFault | None) -> None:
        if self.stopped.is_set():
            return
        self._pieces.put(item)
        with contextlib.suppress(RuntimeError):
            # Closed meanwhile: nobody waits any more.
            self._loop.call_soon_threadsafe(self._there.set)


def _load(path: Path) -> TTSModel:
    """The model of a YAML file whose paths are its neighbours. Raises VoiceUnavailable."""
    if not path.is_file():
        raise VoiceUnavailable("voices.local_model names no file", HINT)
    try:
        import yaml
        from pocket_tts import TTSModel
    except ImportError as error:
        raise VoiceUnavailable(
            "the extra `voice` is not installed", "pip install 'synchrorama-live[voice]'"
        ) from error
    # It writes the words to be spoken, up to "warning".
    logging.getLogger("pocket_tts").setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            resolved = Path(folder) / path.name
            resolved.write_text(
                yaml.safe_dump(_beside(yaml.safe_load(path.read_text("utf-8")), path.parent))
            )
            return TTSModel.load_model(config=resolved)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, yaml.YAMLError) as error:
        said = str(error).splitlines()[0][:160] if str(error) else ""
        raise VoiceUnavailable(
            f"the local voice cannot be loaded: {type(error).__name__}: {said}", HINT
        ) from error


def _beside(config: Any, folder: Path) -> Any:
    """The same tree with every path made absolute. Raises ValueError for one on a network."""
    if isinstance(config, dict):
        return {
            name: _place(value, folder)
            if name.endswith("_path") or name == "weights_path_without_voice_cloning"
            else _beside(value, folder)
            for name, value in config.items()
        }
    if isinstance(config, list):
        return [_beside(value, folder) for value in config]
    return config


def _place(value: Any, folder: Path) -> str | None:
    if value is None:
        return None
    if "://" in str(value):
        raise ValueError(f"{value} is on a network: download it, and name the file")
    return str(folder / str(value))
