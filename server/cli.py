"""The command `synchrorama`: serve, render, motion, avatar, plan, doctor, bench, settings.

Runs on the main thread.
Never does the work itself: each command is a function of its module.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from server.command_parser import ALIASES, MISUSED, Parser, add_settings
from server.origin import ForeignPackage, check_layout
from server.settings import SIZES, Settings, setting_keys
from server.settings_load import flag_name, load_settings
from server.settings_section import SettingsError

if TYPE_CHECKING:
    from engines.emotion.values import EmotionOverride

FAILED = 1
RECORDING = "--audio FILE --out FILE [options]"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 1 failed, 2 wrong use."""
    parser = build_parser()
    arguments, unknown = parser.parse_known_args(argv)
    try:
        check_layout()
        _no_unknown(parser, arguments, unknown)
        run: Callable[[argparse.Namespace], int] = arguments.run
        return run(arguments)
    except (SettingsError, ForeignPackage) as error:
        print(f"synchrorama: {error}", file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output (`| head`) has what they wanted.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    from server.bench.cli import add_arguments as add_bench_arguments
    from server.metrics import program_version
    from server.onboarding.cli import add_arguments as add_avatar_arguments

    parser = Parser(
        prog="synchrorama",
        description="A face from one portrait that speaks with your voice.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"synchrorama {program_version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, text: str, run: Callable[..., int], usage: str = "[options]"
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name, help=text, description=text, usage=f"%(prog)s {usage}", allow_abbrev=False
        )
        command.set_defaults(run=run)
        return command

    add_settings(add("serve", "serve the page and the API", run_serve))
    film = add("render", "a voice recording to a video with sound", run_render, RECORDING)
    _render_arguments(film)
    add_settings(film, ("engine", "avatars", "disclosure", "emotion"))
    curves = add("motion", "a voice recording to motion curves (ARKit)", run_motion, RECORDING)
    _motion_arguments(curves)
    add_settings(curves, ("engine", "emotion"))
    avatar = add(
        "avatar",
        "list, make, show, move or remove avatars",
        run_avatars,
        "ACTION [PORTRAIT|NAME|FILE] [options]",
    )
    add_avatar_arguments(avatar)
    add_settings(avatar, ("avatars", "disclosure"))
    _machine_commands(add)
    _camera_command(add)
    bench = commands.add_parser("bench", help="measure latency, drift and what is left behind")
    add_bench_arguments(bench)
    bench.set_defaults(run=run_bench)
    listing = add("settings", "every setting with its value", run_settings)
    listing.add_argument("--markdown", action="store_true", help="write docs/settings.md")
    add_settings(listing)
    return parser


def _machine_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    """What prepares and examines the machine; `add` takes name, text, function and usage."""
    from server.plans.cli import add_arguments

    plan = add(
        "plan", "TensorRT plans for an NVIDIA card", run_plans, "ACTION [NETWORK ...] [options]"
    )
    add_arguments(plan)
    add_settings(plan, ("render",))
    doctor = add("doctor", "what works on this machine, and what to do about the rest", run_doctor)
    doctor.add_argument("--json", action="store_true", help="as JSON")
    add_settings(doctor)


def _camera_command(add: Callable[..., argparse.ArgumentParser]) -> None:
    from server.camera.cli import add_arguments

    camera = add("camera", "a microphone to a face on a virtual camera, for calls", run_camera)
    add_arguments(camera)
    add_settings(camera, ("engine", "avatars", "render", "media"))


def _render_arguments(command: argparse.ArgumentParser) -> None:
    from engines.render.stage import FRAMINGS
    from server.render_stage import BACKGROUND_HELP

    command.add_argument("--avatar", metavar="NAME", help="from `synchrorama avatar list`")
    command.add_argument("--audio", type=Path, required=True, metavar="FILE", help="a recording")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="an .mp4 to write")
    command.add_argument("--seed", type=int, default=0, help="of blinks, gaze and sway [0]")
    command.add_argument("--size", type=int, choices=SIZES, help="of the picture, in pixels")
    command.add_argument(
        "--background", metavar="WHAT", default="photo", help=f"{BACKGROUND_HELP} [photo]"
    )
    command.add_argument(
        "--framing", choices=FRAMINGS, default="shoulders", help="how close [shoulders]"
    )
    command.add_argument("--mirrored", action="store_true", help="left and right exchanged")
    _telling_arguments(command)


def _motion_arguments(command: argparse.ArgumentParser) -> None:
    from server.motion_file import RATES

    command.add_argument("--audio", type=Path, required=True, metavar="FILE", help="a recording")
    command.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="a .csv, .json or .npz to write"
    )
    command.add_argument(
        "--fps",
        type=int,
        choices=RATES,
        default=RATES[0],
        help="frames a second; but for 25 they are interpolated [25]",
    )
    command.add_argument("--seed", type=int, default=0, help="of blinks, gaze and sway [0]")
    _telling_arguments(command)


def _telling_arguments(command: argparse.ArgumentParser) -> None:
    """What every command that works on a recording takes: what a face is told, and how."""
    from engines.emotion.values import EMOTIONS

    command.add_argument(
        "--emotion", choices=EMOTIONS, help="what it feels [what is heard in the voice]"
    )
    command.add_argument("--intensity", type=float, metavar="0..1", help="how strongly [1]")
    command.add_argument(
        "--text", default="", metavar="WORDS", help="what is said: its feeling counts too"
    )
    command.add_argument("--force", action="store_true", help="replace a file that is there")
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def _no_unknown(
    parser: argparse.ArgumentParser, arguments: argparse.Namespace, unknown: Sequence[str]
) -> None:
    """Raises SettingsError naming the flag nearest to the first unknown one."""
    if not unknown:
        return
    flags = [flag_name(key) for key in setting_keys()] + list(ALIASES.values())
    flags += [f"--{name.replace('_', '-')}" for name in vars(arguments) if ":" not in name]
    given = unknown[0].split("=")[0]
    near = difflib.get_close_matches(given, flags, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; see {parser.prog} --help"
    raise SettingsError(f"unknown argument {given}{hint}")


def settings_from(arguments: argparse.Namespace) -> Settings:
    """The settings of flags, environment and file. Raises SettingsError."""
    given = {
        name.removeprefix("set:"): value
        for name, value in vars(arguments).items()
        if name.startswith("set:")
    }
    return load_settings(given, os.environ, arguments.config)


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve until a signal."""
    from server.avatar_folders import avatar_store
    from server.backend import EngineBackend
    from server.serve import serve
    from server.workers.devices import engine_devices, take_device

    settings = settings_from(arguments)

    def announce(url: str) -> None:
        print(f"SynchroRaMa Live answers at {url}   (stop with Ctrl+C)", flush=True)

    if settings.server.workers > 1 or len(engine_devices(settings)) > 1:
        from server.workers.supervisor import serve_workers

        return serve_workers(settings, avatar_store(settings), announce=announce)
    take_device(settings)
    return serve(settings, EngineBackend(settings), announce=announce)


def run_render(arguments: argparse.Namespace) -> int:
    """Render a recording."""
    from server.render import RenderError, RenderJob, render

    settings = settings_from(arguments)
    job = RenderJob(
        audio=arguments.audio,
        out=arguments.out,
        avatar=arguments.avatar or settings.avatars.default,
        seed=_seed(arguments.seed),
        size=arguments.size or settings.session.size,
        quiet=arguments.quiet,
        background=arguments.background,
        framing=arguments.framing,
        mirrored=arguments.mirrored,
        feeling=feeling_from(arguments),
        text=arguments.text,
        force=arguments.force,
    )
    try:
        report = render(job, settings)
    except RenderError as error:
        print(f"synchrorama render: {error}", file=sys.stderr)
        return FAILED
    print(report)
    return 0


def run_motion(arguments: argparse.Namespace) -> int:
    """Make the motion of a recording."""
    from server.models import motion_model
    from server.motion_job import MotionJob, make_motion
    from server.render import RenderError

    settings = settings_from(arguments)
    job = MotionJob(
        audio=arguments.audio,
        out=arguments.out,
        fps=arguments.fps,
        seed=_seed(arguments.seed),
        feeling=feeling_from(arguments),
        text=arguments.text,
        force=arguments.force,
        quiet=arguments.quiet,
    )
    try:
        report = make_motion(job, lambda: motion_model(settings))
    except RenderError as error:
        print(f"synchrorama motion: {error}", file=sys.stderr)
        return FAILED
    print(report)
    return 0


def _seed(seed: int) -> int:
    """Raises SettingsError for one that no generator takes."""
    if not 0 <= seed < 2**31:
        raise SettingsError(f"--seed: got {seed}, wanted 0 to {2**31 - 1}")
    return seed


def feeling_from(arguments: argparse.Namespace) -> EmotionOverride | None:
    """What the face is to feel; None: what is heard. Raises SettingsError."""
    from engines.emotion.values import EmotionOverride

    if arguments.emotion is None:
        if arguments.intensity is not None:
            raise SettingsError("--intensity: of which emotion? give --emotion too")
        return None
    intensity = 1.0 if arguments.intensity is None else arguments.intensity
    if not 0.0 <= intensity <= 1.0:
        raise SettingsError(f"--intensity: got {intensity:g}, wanted 0 to 1")
    return EmotionOverride(arguments.emotion, intensity=intensity)


def run_camera(arguments: argparse.Namespace) -> int:
    """A face on a virtual camera."""
    from server.camera.cli import run

    return run(arguments, settings_from(arguments))


def run_avatars(arguments: argparse.Namespace) -> int:
    """One of the avatar commands."""
    from server.onboarding.cli import run

    return run(arguments, settings_from(arguments))


def run_plans(arguments: argparse.Namespace) -> int:
    """One of the commands for plans."""
    from server.plans.cli import run

    return run(arguments, settings_from(arguments))


def run_doctor(arguments: argparse.Namespace) -> int:
    """Look the machine over; 1 when something the server needs does not work."""
    from server.doctor import as_json, as_text, examine
    from server.doctor_checks import CHECKS

    findings = examine(settings_from(arguments), CHECKS)
    print(as_json(findings) if arguments.json else as_text(findings))
    return FAILED if any(finding.state == "fail" for finding in findings) else 0


def run_bench(arguments: argparse.Namespace) -> int:
    """Measure; 1 when a bar is missed, 2 when nothing could be measured."""
    from server.bench.cli import run

    return run(arguments)


def run_settings(arguments: argparse.Namespace) -> int:
    """Print every setting, or the page of the docs."""
    from server.settings_doc import markdown, rows

    if arguments.markdown:
        print(markdown(), end="")
        return 0
    for key, value, _ in rows(settings_from(arguments)):
        print(f"{key} = {value}")
    return 0
