"""Draws clips with the engine, tracks the drawn lips, and scores them like the real ones.

Offline; the drawing is `engines.offline`, as a live session draws; the tracker is a process.
Never keeps the drawn frames: they are deleted once tracked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from engines.avatars.store import AvatarStore, default_store
from engines.loop import RendererFactory
from engines.motion.lips import LipModel
from engines.motion.model import MotionModel
from engines.offline import render_file
from engines.render.diffusion import DiffusionRenderer
from engines.render.nets import load as load_nets
from engines.render.stage import Stage
from engines.values import F32
from export.data.lip_geometry import lip_geometry, relative_to_rest
from export.evaluate.lip_metrics import Track, with_made
from export.train.lip_data import GridClip, Places, read_track, run_tracker

BATCH = 10
SEED = 1


def choose_store(folder: Path | None) -> AvatarStore:
    """The built-in avatars, and those of `folder`."""
    return default_store(folder)


def drawn_geometry(
    places: Places,
    clips: Sequence[GridClip],
    avatar_name: str,
    store: AvatarStore,
    lips: LipModel,
    size: int = 512,
    renderer_factory: RendererFactory | None = None,
) -> list[F32]:
    """Tracked lip distances f32[F,7] of each clip as drawn (rest taken off, but for aperture).

    `renderer_factory` as `render_file` takes it.
    """
    avatar = store.load(avatar_name)
    motion = MotionModel.load(lips)
    found: list[F32] = []
    with Progress(transient=True) as bar:
        task = bar.add_task(f"drawing {avatar_name}", total=len(clips))
        for start in range(0, len(clips), BATCH):
            part = clips[start : start + BATCH]
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                for clip in part:
                    frames = [
                        picture.image
                        for picture in render_file(
                            clip.samples,
                            avatar,
                            motion,
                            seed=SEED,
                            size=size,
                            renderer_factory=renderer_factory,
                        )
                    ]
                    np.save(folder / f"{clip.name}.npy", np.stack(frames))
                    bar.update(task, advance=1)
                videos = [folder / f"{clip.name}.npy" for clip in part]
                run_tracker(places, videos, folder / "tracks")
                for clip in part:
                    landmarks = read_track(folder / "tracks" / f"{clip.name}.npz")
                    found.append(relative_to_rest(lip_geometry(landmarks)))
    return found


def rendered_tracks(
    places: Places,
    clips: Sequence[GridClip],
    tracks: Sequence[Track],
    name: str,
    store: AvatarStore,
    lips: LipModel,
    renderer_factory: RendererFactory | None = None,
) -> list[Track]:
    """The same clips with the lips of avatar `name`, drawn and tracked, as `made`."""
    made = drawn_geometry(places, clips, name, store, lips, renderer_factory=renderer_factory)
    return with_made(tracks, made)


def refined(weights: Path) -> RendererFactory:
    """Draws with the renderer's nets of a folder. Raises BadRendererWeights."""
    nets = load_nets(weights)

    def make(avatar: Any, size: int, stage: Stage) -> DiffusionRenderer:
        return DiffusionRenderer(avatar, size, stage, nets=nets)

    return make
