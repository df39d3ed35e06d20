"""What `synchrorama doctor` says of virtual cameras.

Runs on the main thread.
Never loads a module: it says which.
"""

from __future__ import annotations

from server.camera.devices import CameraError, check_sound, choose_camera
from server.doctor import Finding
from server.settings import Settings


def virtual_camera(settings: Settings) -> Finding:
    """Whether `synchrorama camera` would find its devices."""
    try:
        device = choose_camera(None)
    except CameraError as error:
        why, _, remedy = str(error).partition(": ")
        return Finding("virtual camera", "warn", f"{why} (for `synchrorama camera` only)", remedy)
    try:
        check_sound()
    except CameraError as error:
        return Finding("virtual camera", "warn", f"{device.path}, without sound", str(error))
    return Finding("virtual camera", "ok", f"{device.path} ({device.name})")
