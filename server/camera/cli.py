"""The command `synchrorama camera`: its arguments, and the run they describe.

Runs on the main thread.
Never leaves a device open or a sound module loaded, however it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from engines.values import F32
from server.avatar_folders import avatar_store
from server.camera.devices import CameraError, check_sound, choose_camera
from server.camera.picture import CameraOutput
from server.camera.run import CameraRun, Ways, check_hold, paced
from server.camera.sound import LATENCY_MS, Loudspeaker, Microphone, VirtualMicrophone
from server.codec_pool import CodecPool
from server.faces import FacePlan
from server.gallery import Gallery
from server.render import RenderError, read_voice
from server.render_stage import BACKGROUND_HELP, BadStage, stage_of
from server.settings import SIZES, Settings
from server.warm_engine import WarmEngine


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Of `synchrorama camera`."""
    command.add_argument("--avatar", metavar="NAME", help="from `synchrorama avatar list`")
    command.add_argument("--camera", metavar="PATH", help="as /dev/video10 [the first loopback]")
    command.add_argument("--microphone", metavar="SOURCE", help="from `pactl list short sources`")
    command.add_argument("--audio", type=Path, metavar="FILE", help="instead of a microphone")
    command.add_argument("--size", type=int, choices=SIZES, help="of the picture, in pixels")
    command.add_argument("--seed", type=int, default=0, help="of blinks, gaze and sway [0]")
    command.add_argument("--no-sound", action="store_true", help="no virtual microphone")
    command.add_argument(
        "--hold-ms",
        type=float,
        default=float(LATENCY_MS),
        help=f"pictures wait for the sound system so long [{LATENCY_MS}]",
    )
    command.add_argument("--background", metavar="WHAT", default="photo", help=BACKGROUND_HELP)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Until the recording ends or Ctrl+C; 1 when it cannot be, with what to do."""
    try:
        device = choose_camera(arguments.camera)
        if arguments.audio is None or not arguments.no_sound:
            check_sound()
        hold_s = check_hold(0.0 if arguments.no_sound else arguments.hold_ms)
        size = arguments.size or settings.session.size
        stage = stage_of(arguments.background, "shoulders", False, size)
        voice = None if arguments.audio is None else read_voice(arguments.audio)
        plan = FacePlan("camera", "", size, stage, arguments.seed, settings.render.renderer)
        camera = CameraOutput(device, size)
        print(f"{device.name or 'camera'} at {device.path}: choose it in your call   (Ctrl+C ends)")
        asyncio.run(_live(arguments, settings, plan, camera, voice, hold_s))
    except (CameraError, RenderError, BadStage) as error:
        print(f"synchrorama camera: {error}", file=sys.stderr)
        return 1
    return 0


async def _live(
    arguments: argparse.Namespace,
    settings: Settings,
    plan: FacePlan,
    camera: CameraOutput,
    voice: F32 | None,
    hold_s: float,
) -> None:
    async with AsyncExitStack() as stack:
        stack.callback(camera.close)
        pool = await stack.enter_async_context(CodecPool(settings.engine.codec_threads))
        gallery = Gallery(avatar_store(settings), arguments.avatar or settings.avatars.default)
        stack.callback(gallery.close)
        avatar = gallery.check(arguments.avatar)
        await gallery.load(avatar)
        engine = WarmEngine(settings)
        stack.push_async_callback(engine.aclose)
        faces = await engine.start(gallery, lambda session, error: None)
        plan = FacePlan(plan.session_id, avatar, plan.size, plan.stage, plan.seed, engine.renderer)
        play: Callable[[F32], None] = lambda samples: None
        if not arguments.no_sound:
            play = await _speaker(stack)
        listen: Callable[[Callable[[F32], None]], Awaitable[None]]
        if voice is not None:
            listen = partial(paced, voice)
        else:
            listen = lambda hear: Microphone(arguments.microphone, hear).run()
        ways = Ways(camera, play, listen, hold_s)
        await CameraRun(faces, plan, ways, delay_ms=settings.media.playout_delay_ms).run(pool)


async def _speaker(stack: AsyncExitStack) -> Callable[[F32], None]:
    virtual = VirtualMicrophone()
    await virtual.open()
    stack.push_async_callback(virtual.aclose)
    speaker = Loudspeaker()
    await speaker.open()
    stack.push_async_callback(speaker.aclose)
    return speaker.play
