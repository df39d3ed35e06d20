"""The command as a person meets it where there is no camera."""

from __future__ import annotations

import pytest

from server.camera import cli
from server.camera.devices import CameraError, Device
from server.cli import main


def test_without_a_camera_the_command_says_what_to_load(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(wanted: str | None) -> Device:
        raise CameraError("there is no virtual camera: sudo modprobe v4l2loopback")

    monkeypatch.setattr(cli, "choose_camera", none)
    assert main(["camera"]) == 1
    assert "modprobe v4l2loopback" in capsys.readouterr().err


def test_a_file_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "choose_camera", lambda wanted: Device("/dev/video10", "x"))
    assert main(["camera", "--audio", "nowhere.wav", "--no-sound"]) == 1
    assert "no such file" in capsys.readouterr().err
    assert main(["camera", "--audio", "x.wav", "--no-sound", "--background", "nothing"]) == 1
