"""How well a face expert tells what boxes show, of people it was not trained on, beside floors.

Offline, torch; pure.
Never one figure alone: what a constant or chance gets stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from engines.values import F32
from export.nets.expert import ExpertNet
from export.train.experts_data import Examples, outputs
from export.train.renderer_batch import levels

_BATCH = 128
_STILL = 0.01
"""A unit that moves less than this in the examples has no correlation."""


def read(net: ExpertNet, examples: Examples, says: Sequence[F32] = ()) -> F32:
    """f32[N,K]: units, logits of emotions, or mean agreement with the sentences of each action."""
    device = str(next(net.parameters()).device)
    told = [torch.from_numpy(vectors).to(device) for vectors in says]
    parts = []
    with torch.no_grad():
        for begin in range(0, len(examples), _BATCH):
            part = examples.take(slice(begin, begin + _BATCH))
            box, rest = levels(part.box, device), levels(part.rest, device)
            if told:
                rows = [net.agreement(box, rest, vectors).mean(1) for vectors in told]
                parts.append(torch.stack(rows, 1).cpu().numpy())
            else:
                parts.append(net.units(box, rest).cpu().numpy())
    out: F32 = np.concatenate(parts)
    return out


def of_units(read_off: F32, target: F32, usual: F32, names: Sequence[str]) -> dict[str, float]:
    """Mean correlation, error and what the constant `usual` f32[K] would err; r of each unit."""
    moving = target.std(0) > _STILL
    each = {
        names[int(k)]: float(np.corrcoef(read_off[:, k], target[:, k])[0, 1])
        for k in np.flatnonzero(moving)
    }
    error = np.abs(read_off - target)[:, moving].mean()
    floor = np.abs(usual - target)[:, moving].mean()
    out = {"r": float(np.mean(list(each.values()))), "error": float(error), "floor": float(floor)}
    return out | {f"r {name}": value for name, value in each.items()}


def of_classes(scores: F32, target: NDArray[np.int64], names: Sequence[str]) -> dict[str, float]:
    """Mean recall of the classes there are, chance beside it, and each one's recall."""
    chosen = scores.argmax(1)
    each = {names[int(k)]: float((chosen[target == k] == k).mean()) for k in np.unique(target)}
    out = {"recall": float(np.mean(list(each.values()))), "floor": 1 / len(names)}
    return out | {f"recall {name}": value for name, value in each.items()}


def figures(
    net: ExpertNet, which: str, box: str, examples: Examples, says: Sequence[F32]
) -> dict[str, float]:
    """Of one expert on examples it was not trained on."""
    if which == "au":
        usual: F32 = net.usual.cpu().numpy()
        return of_units(read(net, examples), examples.target, usual, outputs(which, box))
    told = says if which == "action" else ()
    return of_classes(read(net, examples, told), examples.target, outputs(which, box))
