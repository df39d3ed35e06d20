"""`python -m export bench-frame`: milliseconds per picture, by stage and rung, on one thread.

Offline program, main thread.
Never compares machines: it prints what this one does now.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engines.avatars.store import default_store
from engines.pipeline import Renderer
from engines.render import nets as weights
from engines.render.cv import cv2
from engines.render.diffusion import DiffusionRenderer, DiffusionState
from engines.render.warp import RenderState, WarpRenderer
from engines.values import F32, MOTION_INDEX, MOTION_SIZE

WARM_UP_FRAMES = 20
SIZES = (256, 512, 768, 1024)


def speech_like(frame: int) -> F32:
    """f32[58]: a talking, blinking, swaying motion, the same each time."""
    motion = np.zeros(MOTION_SIZE, np.float32)
    t = frame / 25

    def put(name: str, value: float) -> None:
        motion[MOTION_INDEX[name]] = value

    put("jawOpen", 0.35 * abs(np.sin(9 * t)) + 0.05)
    put("mouthSmileLeft", 0.3)
    put("mouthSmileRight", 0.3)
    put("mouthFunnel", 0.3 * max(np.sin(5 * t), 0))
    put("eyeBlinkLeft", float(frame % 75 < 4))
    put("eyeBlinkRight", float(frame % 75 < 4))
    put("eyeLookOutLeft", 0.4 * max(np.sin(t), 0))
    put("eyeLookInRight", 0.4 * max(np.sin(t), 0))
    put("headYaw", 0.12 * np.sin(0.9 * t))
    put("headPitch", 0.08 * np.sin(1.3 * t))
    put("headRoll", 0.05 * np.sin(0.7 * t))
    put("headX", 0.02 * np.sin(0.8 * t))
    return motion


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser("python -m export bench-frame", description=__doc__)
    parser.add_argument("--avatar", default="", help="default: the first built-in one")
    parser.add_argument("--avatars-dir", type=Path, default=None)
    parser.add_argument(
        "--size", type=int, nargs="+", default=list(SIZES), help="default: all that are served"
    )
    parser.add_argument("--frames", type=int, default=250)
    parser.add_argument(
        "--renderer", type=Path, default=weights.DEFAULT_FOLDER, help="folder of the nets"
    )
    parser.add_argument("--steps", type=int, default=None, help="of the sampler")
    args = parser.parse_args(argv)
    cv2.setNumThreads(1)
    store = default_store(args.avatars_dir)
    name = args.avatar or store.names()[0]
    avatar = store.load(name)
    print(f"{name} ({avatar.size} x {avatar.size}), {args.frames} frames, one thread")
    try:
        nets = weights.load(args.renderer)
    except weights.NoRendererWeights:
        nets = None
        print("no nets of the renderer: the motion frame alone")
    for size in args.size:
        renderer: Renderer = WarpRenderer(avatar, size)
        if nets is not None:
            renderer = DiffusionRenderer(avatar, size, nets=nets, steps=args.steps)
        print(f"{size} x {size}")
        for effort in range(len(renderer.efforts)):
            for line in measure(renderer, args.frames, effort):
                print(line)
    print(f"most memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}"
          " MiB")  # fmt: skip
    return 0


def held(state: RenderState | DiffusionState) -> int:
    """Bytes that a session keeps."""
    if isinstance(state, RenderState):
        return sum(int(part.nbytes) for part in state.scratch())
    boxes = sum(box.noise.nbytes + box.previous.nbytes for box in state.boxes.values())
    return held(state.warp) + boxes


def measure(renderer: Renderer, frames: int, effort: int = 0) -> list[str]:
    """Draw `frames` frames in one way; lines of a report."""
    warm = renderer.new_state()
    for frame in range(WARM_UP_FRAMES):
        renderer.render(warm, speech_like(frame), effort=effort)
    state = renderer.new_state()
    frame_ms, cpu_ms = [], []
    for frame in range(frames):
        motion = speech_like(frame)
        started, cpu_started = time.perf_counter(), time.thread_time()
        renderer.render(state, motion, effort=effort)
        frame_ms.append(1000 * (time.perf_counter() - started))
        cpu_ms.append(1000 * (time.thread_time() - cpu_started))
    lines = [f" {renderer.efforts[effort]}, {held(state) / 2**20:.1f} MiB a session"]
    for stage, seconds in state.stage_s.items():
        lines.append(f"  {stage:<10} {1000 * seconds / frames:6.2f} ms mean")
    middle, late = np.percentile(frame_ms, [50, 95])
    lines.append(f"  {'frame':<10} {middle:6.2f} ms median, {late:.2f} ms p95")
    middle, late = np.percentile(cpu_ms, [50, 95])
    lines.append(f"  {'its CPU':<10} {middle:6.2f} ms median, {late:.2f} ms p95, waiting left out")
    return lines


if __name__ == "__main__":
    sys.exit(main())
