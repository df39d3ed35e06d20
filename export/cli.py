"""The table of offline commands and the dispatch to them.

One process, main thread.
Never imports a command's module before it is asked for: most need torch or a tracker.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True, slots=True)
class Command:
    """One row: `target` is "module:function"; the function takes argv and returns the status."""

    target: str
    help: str


COMMANDS: dict[tuple[str, ...], Command] = {
    ("fit-avatar",): Command("export.fit_avatar:main", "a portrait becomes an avatar"),
    ("gallery",): Command("export.gallery.command:main", "portraits of people who do not exist"),
    ("head-glb",): Command("export.rig.head_glb:main", "the rig as a 3D head for other programs"),
    ("bench-frame",): Command("export.bench_frame:main", "milliseconds per motion frame"),
    ("prepare", "lips"): Command("export.train.lips_cli:prepare", "track, align, speak, cache"),
    ("train", "lips"): Command("export.train.lips_cli:train", "train the sound-to-lips net"),
    ("train", "motion"): Command("export.train.motion_cli:train", "train the whole face's motion"),
    ("train", "sync"): Command("export.train.sync_cli:train", "does sound fit a mouth: a judge"),
    ("train", "experts"): Command(
        "export.train.experts_cli:train", "what reads units, feelings and actions off drawn boxes"
    ),
    ("train", "scene"): Command("export.train.scene_cli:train", "scene text to style dials"),
    ("evaluate", "scene"): Command("export.evaluate.scene_cli:main", "scene readers, with floors"),
    ("train", "renderer"): Command("export.train.renderer_cli:train", "train the renderer's boxes"),
    ("train", "autoencoder"): Command(
        "export.train.autoencoder_cli:train", "the latent of the whole face's net"
    ),
    ("train", "personal"): Command(
        "export.train.personal_cli:train", "an avatar's own mouth and eyes, out of one's video"
    ),
    ("distill",): Command("export.distill.cli:distill", "one step of the renderer from several"),
    ("train", "face"): Command("export.train.face_cli:train", "train the face finder's nets"),
    ("evaluate", "avatars"): Command(
        "export.evaluate.avatars_cli:main", "avatars of held-out people: bars and sheets"
    ),
    ("train", "emotion"): Command("export.train.emotion_cli:train", "emotion of voice and words"),
    ("train", "words"): Command("export.train.emotion_words:train", "valence of sentences"),
    ("evaluate", "emotion"): Command("export.evaluate.emotion_cli:main", "emotion figures"),
    ("evaluate", "motion"): Command(
        "export.evaluate.motion_cli:main", "heads, blinks, moods, lips under emotion"
    ),
    ("evaluate", "ablations"): Command(
        "export.evaluate.ablations_cli:main", "what each part is worth, by leaving it out"
    ),
    ("to-onnx",): Command("export.deploy.renderer_cli:main_onnx", "trained nets as the engine's"),
    ("quantize",): Command("export.deploy.renderer_cli:main_quantize", "int8 where it is as good"),
    ("calibrate",): Command("export.deploy.calibrate:main", "ranges for plans in int8 and fp8"),
    ("to-plan",): Command("export.deploy.networks_cli:to_plan", "shipped nets as TensorRT plans"),
    ("pack",): Command(
        "export.deploy.pack:main", "all networks in one folder: manifest, cards, licences"
    ),
    ("parity", "networks"): Command(
        "export.deploy.networks_cli:parity", "shipped nets in the precision of their plans"
    ),
    ("parity",): Command("export.deploy.renderer_cli:main_parity", "torch, ONNX, int8 compared"),
    ("evaluate", "face"): Command("export.evaluate.face_cli:main", "face figures, held-out people"),
    ("evaluate", "renderer"): Command(
        "export.evaluate.renderer_cli:main", "drawn mouths and eyes against the truth"
    ),
    ("evaluate", "films"): Command(
        "export.evaluate.films_cli:main", "the renderer over time: flicker, drift, sync, strips"
    ),
    ("evaluate", "lips"): Command("export.evaluate.lips_cli:main", "lip figures on unseen clips"),
}


def resolve(words: Sequence[str]) -> tuple[Command | None, list[str]]:
    """The command whose name starts `words`, and the words after it."""
    for length in (2, 1):
        command = COMMANDS.get(tuple(words[:length]))
        if command is not None:
            return command, list(words[length:])
    return None, list(words)


def usage() -> str:
    """The list of commands."""
    rows = [f"  {' '.join(name):<18} {command.help}" for name, command in COMMANDS.items()]
    return "usage: python -m export COMMAND ...\n\ncommands:\n" + "\n".join(sorted(rows)) + "\n"


def main(argv: Sequence[str]) -> int:
    """Run one command; returns its exit status, 2 when there is no such command."""
    command, rest = resolve(argv)
    if command is None:
        asked = argv[0] if argv else ""
        known = asked in ("-h", "--help", "help")
        if asked and not known:
            sys.stderr.write(f"no command {' '.join(argv[:2])!r}\n")
        (sys.stdout if known else sys.stderr).write(usage())
        return 0 if known else 2
    module, _, function = command.target.partition(":")
    run = cast(Callable[[list[str]], int], getattr(importlib.import_module(module), function))
    return run(rest)
