"""Which virtual camera there is, and what to do where there is none.

Runs on the main thread, once; reads a few files of Linux' own.
Never opens a device: `server.camera.picture` does.
"""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/sys/devices/virtual/video4linux")
REMEDY = (
    "sudo apt install v4l2loopback-dkms; sudo modprobe v4l2loopback video_nr=10 "
    "card_label=SynchroRaMa exclusive_caps=1 (without exclusive_caps browsers do not list it)"
)
ELSEWHERE = (
    "on Windows and macOS add the watch URL to OBS as a browser source and start its virtual "
    "camera: docs/camera.md"
)
SOUND_PROGRAMS = ("pactl", "pacat", "parec")
SOUND_REMEDY = "sudo apt install pulseaudio-utils, for PulseAudio and PipeWire both; or --no-sound"


class CameraError(Exception):
    """What keeps the camera from running, and what to do."""


@dataclass(frozen=True, slots=True)
class Device:
    """One virtual camera."""

    path: str
    name: str


def cameras(system: Path = SYSTEM) -> list[Device]:
    """The loopback devices that are loaded, in order."""
    if not system.is_dir():
        return []
    found = []
    for folder in sorted(system.glob("video*"), key=lambda each: (len(each.name), each.name)):
        label = folder / "name"
        name = label.read_text(encoding="utf-8", errors="replace") if label.is_file() else ""
        found.append(Device(f"/dev/{folder.name}", name.strip()))
    return found


def choose_camera(wanted: str | None, system: Path = SYSTEM) -> Device:
    """The device asked for, or the one that bears our name, or the first. Raises CameraError."""
    if platform.system() != "Linux":
        raise CameraError(f"a virtual camera of our own is for Linux only; {ELSEWHERE}")
    found = cameras(system)
    if wanted is not None:
        for device in found:
            if device.path == wanted:
                return device
        names = ", ".join(each.path for each in found) or "none"
        raise CameraError(f"--camera {wanted}: no loopback device; there are {names}. {REMEDY}")
    if not found:
        raise CameraError(f"there is no virtual camera: {REMEDY}")
    return next((each for each in found if "synchrorama" in each.name.lower()), found[0])


def check_sound() -> None:
    """Raises CameraError when a program of PulseAudio is not there."""
    missing = [name for name in SOUND_PROGRAMS if shutil.which(name) is None]
    if missing:
        raise CameraError(f"not on PATH: {', '.join(missing)}. {SOUND_REMEDY}")
