"""The doctor's line."""

from __future__ import annotations

import pytest

from server.camera import checks
from server.camera.checks import virtual_camera
from server.camera.devices import CameraError, Device
from server.settings import Settings


def test_what_the_doctor_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(wanted: str | None) -> Device:
        raise CameraError("there is no virtual camera: sudo modprobe v4l2loopback")

    monkeypatch.setattr(checks, "choose_camera", none)
    missing = virtual_camera(Settings())
    assert missing.state != "fail" and "modprobe" in missing.remedy
    monkeypatch.setattr(checks, "choose_camera", lambda wanted: Device("/dev/video10", "Ours"))
    monkeypatch.setattr(checks, "check_sound", lambda: None)
    assert virtual_camera(Settings()).state == "ok"

    def mute() -> None:
        raise CameraError("not on PATH: pactl. sudo apt install pulseaudio-utils")

    monkeypatch.setattr(checks, "check_sound", mute)
    assert virtual_camera(Settings()).state == "warn"
