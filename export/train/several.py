"""Several processes that train one net, started by `torchrun`; alone, nothing is different.

Offline (torch.distributed: NCCL on GPUs, Gloo on CPUs), main thread of each process.
Never shares more than gradients: each process draws batches of its own, and the first one writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
from torch import distributed, nn


def join(device: str) -> str:
    """Meet the others if `torchrun` started this process; the device this one should use."""
    if "WORLD_SIZE" not in os.environ or distributed.is_initialized():
        return device
    on_gpu = device.startswith("cuda")
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if on_gpu else device


def leave() -> None:
    """Part from the others, if there are any."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def rank() -> int:
    """Which process this is, from 0; also what tells its batches from the others'."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def is_first() -> bool:
    """Whether this process reports and writes."""
    return rank() == 0


def mean_gradients(values: Iterable[nn.Parameter]) -> None:
    """Bring each gradient to its mean over the processes."""
    if not distributed.is_initialized():
        return
    grads = [value.grad for value in values if value.grad is not None]
    flat = torch.cat([grad.reshape(-1) for grad in grads])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    begin = 0
    for grad in grads:
        grad.copy_(flat[begin : begin + grad.numel()].view_as(grad))
        begin += grad.numel()


def agreed(share: float) -> float:
    """The first process's share of the run, so that all end at the same step."""
    if not distributed.is_initialized():
        return share
    told = torch.tensor([share], dtype=torch.float64)
    if distributed.get_backend() == "nccl":
        told = told.cuda()
    distributed.broadcast(told, 0)
    return float(told[0])
