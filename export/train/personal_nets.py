"""One person's nets judged on the minute that they were not trained on, and made an avatar's own.

Offline; one process.
Never keeps a box's nets that are not better than everybody's: that box stays as it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from engines.avatars.bundle import Avatar, AvatarInfo
from engines.avatars.consent import FILE as CONSENT
from engines.avatars.consent import Consent
from engines.avatars.personal import FOLDER, MANIFEST, SCHEMA
from engines.avatars.shelf import Shelf
from engines.render.boxes import KINDS, Kind, fade
from engines.render.nets import RendererNets, load
from engines.render.paste import Tried, choose
from engines.values import F32, U8
from export.data.render_pairs import Pairs
from export.deploy.renderer_onnx import halved, to_onnx, write_folder
from export.deploy.renderer_run import RunNets
from export.evaluate.renderer_draw import FRAME, Way, draw
from export.evaluate.renderer_score import FIGURES, Scored, score
from export.evaluate.renderer_table import WIDE
from export.judges.perceptual import Perceptual, PerceptualMissing
from export.judges.perceptual import load as load_judge
from export.train.renderer_sheet import chosen, sheet

GENERAL, PERSONAL = "general net", "personal net"
MOST_JUDGED = 400
_FEW = 8


@dataclass(frozen=True, slots=True)
class Judged:
    """Figures of one box on the held-out part."""

    box: str
    part: str
    """"all", or "open" and "blink"."""
    count: int
    rows: Mapping[str, Mapping[str, float]]
    """By way of drawing: psnr, lpips, sharp (of the truth's)."""

    @property
    def better(self) -> bool:
        """Whether the personal nets are: nearer, and by the judge, where there is one, too."""
        own, general = self.rows[PERSONAL], self.rows[GENERAL]
        alike = not np.isfinite(own["lpips"]) or own["lpips"] <= general["lpips"]
        return own["psnr"] > general["psnr"] and alike


@dataclass(frozen=True, slots=True)
class Training:
    """What the manifest says of where the nets come from."""

    video_s: float
    trained_s: float
    held_s: float
    consent: Consent


def judge_of(cache: Path, tracker_python: Path | None) -> Perceptual | None:
    """The perceptual judge; None, and why, where its weights are not to be had."""
    try:
        return load_judge(cache, tracker_python)
    except PerceptualMissing as error:
        print(f"no perceptual distance: {error}")
        return None


def judge_box(
    box: Kind, held: Pairs, general: RendererNets, own: RendererNets, judge: Perceptual | None
) -> list[Judged]:
    """All pairs, and those with an open mouth or shut lids."""
    ways = [Way(FRAME), Way(GENERAL, general, general.steps), Way(PERSONAL, own, own.steps)]
    scored = score(box, held, MOST_JUDGED, ways, judge)
    found = [_judged(box, "all", scored, scored.base)]
    if int(scored.wide.sum()) >= _FEW:
        found.append(_judged(box, WIDE[box.name], scored, scored.wide))
    return found


def _judged(box: Kind, part: str, scored: Scored, use: np.ndarray[tuple[int], np.dtype[np.bool_]]
            ) -> Judged:  # fmt: skip
    truth = float(scored.truth.column("sharp")[use].mean())
    rows = {
        name: {
            figure: float(way.column(figure)[use].mean()) / (truth if figure == "sharp" else 1)
            for figure in FIGURES
        }
        for name, way in scored.ways.items()
    }
    return Judged(box.name, part, int(use.sum()), rows)


def table(judged: Sequence[Judged]) -> list[str]:
    """Lines for people."""
    out = ["| box, pictures | | PSNR, dB | LPIPS-like | sharp, of truth |", "|---|---|---|---|---|"]
    for each in judged:
        for k, (way, row) in enumerate(each.rows.items()):
            name = f"{each.box}, {each.part}, {each.count}" if k == 0 else ""
            out.append(
                f"| {name} | {way} | {row['psnr']:.2f} | {row['lpips']:.4f} | {row['sharp']:.2f} |"
            )
    return out


def side_by_side(box: Kind, held: Pairs, general: RendererNets, own: RendererNets) -> U8:
    """A sheet of held-out boxes: rest, motion frame, everybody's net, the person's, the truth."""
    few = chosen(held, box.name)
    ways = (Way(GENERAL, general, general.steps), Way(PERSONAL, own, own.steps))
    return sheet(few, [draw(way, box, few).astype(np.float32) for way in ways])


def write_nets(folder: Path, runs: Sequence[RunNets], general: RendererNets) -> RendererNets:
    """The nets of both boxes as the engine loads them, and that."""
    models = {name: halved(data) for run in runs for name, data in to_onnx(run).items()}
    training = {run.kind.name: {"step": run.step, "net": run.box.config.as_dict()} for run in runs}
    write_folder(
        folder,
        models,
        steps=1,
        cues=sorted(general.cues),
        precision={name: "fp32" for name in KINDS},
        figures={},
        training=training,
    )
    return load(folder)


def keep(
    shelf: Shelf,
    avatar: Avatar,
    runs: Sequence[RunNets],
    general: RendererNets,
    held: Mapping[str, Pairs],
    judged: Sequence[Judged],
    training: Training,
) -> AvatarInfo:
    """Make the nets the avatar's own, with how much of them is shown chosen anew.

    Raises ShelfError, DamagedAvatar, OSError.
    """
    with shelf.aside() as aside:
        folder = aside / FOLDER
        nets = write_nets(folder, runs, general)
        filmed = {name: [_tried(nets, KINDS[name], pairs)] for name, pairs in held.items()}
        # The photo that the portrait was made of is not kept: its mouth at rest stands for it.
        paste = choose(avatar, nets, avatar.portrait, avatar.landmarks, filmed)
        record = training.consent.to_json()
        (folder / CONSENT).write_bytes(record)
        path = folder / MANIFEST
        manifest = json.loads(path.read_text("utf-8"))
        manifest["figures"] = {"held out": [asdict(each) for each in judged]}
        manifest["personal"] = {
            "schema": SCHEMA,
            "nets": nets.digest,
            "paste": paste,
            "video": {
                "sha256": training.consent.image_sha256,
                "seconds": round(training.video_s, 1),
                "trained_s": round(training.trained_s, 1),
                "held_s": round(training.held_s, 1),
            },
            "consent_sha256": hashlib.sha256(record).hexdigest(),
        }
        path.write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
        return shelf.put_nets(avatar.name, folder)


def _tried(nets: RendererNets, kind: Kind, pairs: Pairs) -> Tried:
    layer = fade(kind)[None, ..., None]
    seen = pairs.picture.astype(np.float32)
    added: F32 = draw(Way(PERSONAL, nets, nets.steps), kind, pairs) - seen
    return added, (pairs.truth - seen) * layer
