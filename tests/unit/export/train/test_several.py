"""Two processes that train one net: same gradients, one end; alone, nothing happens."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from export.train import several

ROOT = Path(__file__).resolve().parents[4]
WORKER = """
import torch
from export.train import several
assert several.join("cpu") == "cpu"
values = [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(1, 3))]
for i, value in enumerate(values):
    value.grad = torch.full_like(value, 10.0 * i + several.rank())
several.mean_gradients(values)
share = several.agreed(0.25 + several.rank())
print(several.rank(), several.is_first(), share, *(v.grad.flatten().tolist() for v in values))
several.leave()
"""


def test_alone_nothing_is_different(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    value = torch.nn.Parameter(torch.zeros(2))
    value.grad = torch.ones(2)
    assert several.join("cpu") == "cpu" and several.is_first() and several.rank() == 0
    several.mean_gradients([value])
    assert value.grad.tolist() == [1.0, 1.0] and several.agreed(0.5) == 0.5
    several.leave()


def test_two_processes_share_their_gradients_and_their_end() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER],
            cwd=ROOT,
            env=base | {"RANK": str(i), "LOCAL_RANK": str(i), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(2)
    ]
    said = [process.communicate(timeout=120)[0].strip() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    grads = "[0.5, 0.5] [10.5, 10.5, 10.5]"
    assert said == [f"0 True 0.25 {grads}", f"1 False 0.25 {grads}"]
