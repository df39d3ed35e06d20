"""Writing pictures: FFmpeg's file output in the device's place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from server.camera.devices import CameraError, Device
from server.camera.picture import CameraOutput


def test_pictures_arrive_as_yuyv(tmp_path: Path) -> None:
    path = tmp_path / "out.raw"
    camera = CameraOutput(Device(str(path), "x"), 64, form="rawvideo")
    for level in (0, 255):
        camera.send(np.full((64, 64, 3), level, np.uint8))
    camera.close()
    camera.close()
    frames = np.frombuffer(path.read_bytes(), np.uint8).reshape(2, 64, 64, 2)
    assert abs(int(frames[0, 5, 5, 0]) - 16) < 3 and abs(int(frames[1, 5, 5, 0]) - 235) < 3


def test_no_device_is_told_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="modprobe"):
        CameraOutput(Device(str(tmp_path / "no" / "video99"), "x"), 64)
