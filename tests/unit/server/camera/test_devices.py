"""Which virtual cameras a machine has, by the files of a made-up one."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.camera.devices import CameraError, Device, cameras, check_sound, choose_camera


def machine(root: Path, **names: str) -> Path:
    for video, name in names.items():
        (root / video).mkdir()
        (root / video / "name").write_text(name + "\n")
    return root


@pytest.fixture(autouse=True)
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")


def test_ours_is_taken_before_others_and_the_asked_one_before_ours(tmp_path: Path) -> None:
    system = machine(tmp_path, video2="OBS", video10="SynchroRaMa", video11="Other")
    assert [each.path for each in cameras(system)] == [
        "/dev/video2",
        "/dev/video10",
        "/dev/video11",
    ]
    assert choose_camera(None, system) == Device("/dev/video10", "SynchroRaMa")
    assert choose_camera("/dev/video11", system).name == "Other"
    with pytest.raises(CameraError, match="video2, /dev/video10"):
        choose_camera("/dev/video7", system)


def test_without_one_the_remedy_is_told(tmp_path: Path) -> None:
    for system in (tmp_path, tmp_path / "none"):
        with pytest.raises(CameraError, match="modprobe v4l2loopback .*exclusive_caps=1"):
            choose_camera(None, system)


def test_elsewhere_obs_is_the_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(CameraError, match="OBS"):
        choose_camera(None, machine(tmp_path, video1="x"))


def test_programs_of_the_sound_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None if name == "pacat" else name)
    with pytest.raises(CameraError, match="pacat.*pulseaudio-utils"):
        check_sound()
    monkeypatch.setattr("shutil.which", lambda name: name)
    check_sound()
