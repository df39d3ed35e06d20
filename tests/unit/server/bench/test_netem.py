from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

from server.bench.link import Conditions
from server.bench.netem import NoNetem, namespace, shaping


def test_the_command_says_what_is_asked() -> None:
    words = shaping("eth9", Conditions(50, 20, 0.02, 800))
    assert " ".join(words) == (
        "tc qdisc add dev eth9 root netem delay 50ms 20ms loss 2% rate 800kbit"
    )
    assert "rate" not in shaping("eth9", Conditions(50))


def test_without_rights_or_programs_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(NoNetem, match="iproute2"), namespace(Conditions()):
        pass
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoNetem, match="root"), namespace(Conditions()):
        pass


class Commands:
    """Takes the place of `subprocess.run`; the command with `bad` in it fails."""

    def __init__(self, bad: str = "none") -> None:
        self.said: list[str] = []
        self._bad = bad

    def __call__(self, words: Any, **_: Any) -> subprocess.CompletedProcess[str]:
        line = " ".join(words)
        self.said.append(line)
        failed = self._bad in line
        return subprocess.CompletedProcess(words, int(failed), "", "refused" if failed else "")


@pytest.mark.parametrize("bad", ["none", "netem", "netns fb", "link add"])
def test_what_was_made_is_removed_whatever_fails(monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    run = Commands(bad)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", run)
    try:
        with namespace(Conditions(loss=0.1)) as made:
            assert made.prefix[:3] == ("ip", "netns", "exec") and bad in ("none", "netns fb")
    except NoNetem as error:
        assert "refused" in str(error) and bad in str(error)
    assert sum("netns add" in line for line in run.said) == 1
    assert sum("netns delete" in line for line in run.said) == 1
    assert run.said[-1].startswith("ip netns delete bench-")


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="network namespaces need root"
)
def test_the_real_thing_leaves_nothing_behind() -> None:
    def names() -> str:
        return subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout

    before = names()
    try:
        with namespace(Conditions(delay_ms=1)) as made:
            assert made.name in names()
    except NoNetem as error:
        assert "tc" in str(error) or "ip" in str(error)
    assert names() == before
