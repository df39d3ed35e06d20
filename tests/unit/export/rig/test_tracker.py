import sys
from pathlib import Path

import numpy as np
import pytest

from export.rig import tracker
from export.rig.tracker import TrackerFailed, track

IMAGES = np.zeros((2, 8, 8, 3), np.uint8)


def worker(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "worker.py"
    path.write_text(text, "utf-8")
    monkeypatch.setattr(tracker, "WORKER", path)


def test_arrays_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker(
        tmp_path,
        "import sys, numpy as np\n"
        "n = len(np.load(sys.argv[1])['images'])\n"
        "np.savez(sys.argv[2], landmarks=np.ones((n, 478, 3), 'f4'), faces=np.ones(n, 'i4'),\n"
        "  matte=np.zeros((n, 8, 8), 'f4'), edges=np.zeros((1, 2), 'i4'), oval=np.zeros((1, 2)))\n",
        monkeypatch,
    )
    out = track(IMAGES, Path(sys.executable))
    assert out.landmarks.shape == (2, 478, 3) and out.faces.tolist() == [1, 1]


def test_a_failing_child_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker(tmp_path, "raise SystemExit('no model here')\n", monkeypatch)
    with pytest.raises(TrackerFailed, match="no model here"):
        track(IMAGES, Path(sys.executable))


def test_a_missing_interpreter_is_named() -> None:
    with pytest.raises(TrackerFailed, match="/no/such/python"):
        track(IMAGES, Path("/no/such/python"))


def test_a_child_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker(tmp_path, "import sys\nsys.stdin = open('/dev/zero')\nwhile True: pass\n", monkeypatch)
    monkeypatch.setattr(tracker, "TIMEOUT_S", 0.3)
    with pytest.raises(TrackerFailed, match="timed out"):
        track(IMAGES, Path(sys.executable))
