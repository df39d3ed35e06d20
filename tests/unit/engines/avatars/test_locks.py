"""A held folder is not abandoned; one whose process is gone is."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from engines.avatars import locks
from engines.avatars.locks import FRESH_S, LEFT_OVER_S, abandoned, held

HOLD = (
    "import sys;from pathlib import Path;from engines.avatars.locks import held\n"
    "with held(Path(sys.argv[1])):\n print('held', flush=True);sys.stdin.read()"
)


def later(seconds: float, folder: Path) -> float:
    return folder.stat().st_mtime + seconds


def test_held_in_this_process(tmp_path: Path) -> None:
    soon = later(FRESH_S + 1, tmp_path)
    with held(tmp_path):
        assert not abandoned(tmp_path, lambda: soon)
        assert not abandoned(tmp_path, lambda: soon)
    assert abandoned(tmp_path, lambda: soon)
    assert not abandoned(tmp_path, lambda: later(FRESH_S / 2, tmp_path))
    assert abandoned(tmp_path / "gone")


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    soon = later(FRESH_S + 1, tmp_path)
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        assert not abandoned(tmp_path, lambda: soon)
        other.kill()
        other.wait(10)
    assert abandoned(tmp_path, lambda: soon)


def test_without_locks_only_age_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_FCNTL", None)
    with held(tmp_path):
        assert not abandoned(tmp_path, lambda: later(LEFT_OVER_S / 2, tmp_path))
    assert abandoned(tmp_path, lambda: later(LEFT_OVER_S + 1, tmp_path))


def test_a_folder_that_cannot_be_locked_is_left_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks._FCNTL, "flock", refuse)
    with held(tmp_path):
        assert not abandoned(tmp_path, lambda: later(60, tmp_path))
    assert abandoned(tmp_path, lambda: later(LEFT_OVER_S + 1, tmp_path))
