"""Everybody's nets made one person's: fine-tuned on pairs of that person's own video.

Offline, torch; CPU or GPU unchanged, one process, resumable.
Never forgets what the video does not show: some of each batch is what everybody's nets draw.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from engines.render.boxes import KINDS
from engines.render.nets import DEFAULT_FOLDER, NETS
from export.data.render_pairs import Pairs, join
from export.deploy.renderer_run import RunNets
from export.distill.student import Recipe, save, student_step
from export.distill.student import start as start_student
from export.nets.wide import config_of
from export.train import several
from export.train.renderer import Nets, RenderConfig, start
from export.train.renderer_batch import chances
from export.train.renderer_cli import watch

KEPT_SHARE = 0.15
"""Of a batch: what is to stay as everybody's nets draw it."""
MOUTH_SHARE = 0.7
"""Of the time; the eyes' net is a fourth of the mouth's."""
RECIPE = Recipe(teacher=0, features=0, critic=0.1, matching=1.0, two=0, warm=100)
CONFIG = RenderConfig(batch=8, rate=6e-4, plain=True)
_HALF = ".half"


class NotTrainable(Exception):
    """Nets that cannot be trained on; the text names them and the remedy."""


@dataclass(frozen=True, slots=True)
class Work:
    """How a person's nets are trained."""

    folder: Path
    """Of both boxes' runs."""
    seconds: float
    """Of training, both boxes together; resumed runs count too."""
    resume: bool = False
    config: RenderConfig = CONFIG
    steps: int | None = None
    """Instead of seconds."""


def everybodys(kind: str, folder: Path = DEFAULT_FOLDER) -> Nets:
    """The nets of a box as they ship, out of their ONNX; so no run of theirs is needed.

    Raises NotTrainable for nets of another shape, and for int8.
    """
    try:
        note = json.loads((folder / "manifest.json").read_text())
        sizes = note["training"][kind]["net"]
        nets = Nets(config_of(sizes))
        nets.box.load_state_dict(_weights(folder / f"{kind}.onnx"))
        nets.reference.load_state_dict(_weights(folder / f"{kind}_reference.onnx"))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        what = str(error).splitlines()[0] if str(error) else repr(error)
        raise NotTrainable(
            f"{folder}: the {kind} nets cannot be trained on ({what}); take nets in floating "
            "point, as the package has them"
        ) from error
    return nets


def shipped(kind: str, folder: Path = DEFAULT_FOLDER) -> RunNets:
    """The same as a run, so that a box can be deployed anew. Raises NotTrainable."""
    nets = everybodys(kind, folder)
    nets.box.eval()
    nets.reference.eval()
    step = int(json.loads((folder / "manifest.json").read_text())["training"][kind]["step"])
    return RunNets(KINDS[kind], nets.box, nets.reference, step, False)


def _weights(path: Path) -> dict[str, torch.Tensor]:
    """The constants of an ONNX by the names that torch gave them, in single precision."""
    found = {}
    for constant in onnx.load(str(path)).graph.initializer:
        values = numpy_helper.to_array(constant).astype(np.float32)
        found[constant.name.removesuffix(_HALF)] = torch.from_numpy(values.copy())
    return found


def mixed(own: Pairs, kept: Pairs, box: str) -> tuple[Pairs, NDArray[np.float64]]:
    """All pairs and the chance of each: rare openings often, KEPT_SHARE for what is to stay."""
    if not len(kept):
        return own, chances(own, box)
    parts = ((own, 1 - KEPT_SHARE), (kept, KEPT_SHARE))
    return join([own, kept]), np.concatenate([share * chances(part, box) for part, share in parts])


def fine_tune(box: str, base: Nets, own: Pairs, kept: Pairs, held: Pairs, work: Work) -> RunNets:
    """One box's nets, trained from `base`; log, curves, sheets and checkpoint in the run's folder.

    `held` is looked at for curves and sheets, and never trained on.
    """
    share = MOUTH_SHARE if box == "mouth" else 1 - MOUTH_SHARE
    config = replace(
        work.config, box=box, net=base.box.config, device=several.join(work.config.device)
    )
    if work.steps is not None:
        config = replace(config, steps=work.steps)
    folder = work.folder / box
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(asdict(config), indent=1))
    trainer = start(config, folder, resume=work.resume)
    recipe = replace(RECIPE, warm=min(RECIPE.warm, config.every * 2))
    student = start_student(trainer, recipe, base, None, resume=work.resume)
    pairs, chance = mixed(own, kept, box)
    seconds = None if work.steps is not None else share * work.seconds
    advance: Callable[[], float] = lambda: student_step(student, pairs, chance)  # noqa: E731
    watch(trainer, held, advance, lambda: save(student), seconds)
    nets = trainer.nets.mean.eval().cpu()
    return RunNets(KINDS[box], nets.box, nets.reference, trainer.step, False)


assert set(NETS) == {name for kind in KINDS for name in (kind, f"{kind}_reference")}
