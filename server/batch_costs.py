"""What batches of pictures cost on this machine, by bucket and way to draw.

Runs on a worker thread at the start, before the engine has its own.
Never measures a batch that the engine would not make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from engines.batches import LONGEST_S
from engines.batching import BUCKETS
from engines.pipeline import Renderer, gains
from engines.pipeline import batch_of as kind_of
from engines.render.conditions import NOTHING
from engines.sharing import strokes_of, together
from engines.values import F32

ByBucket = tuple[tuple[int, tuple[float, ...]], ...]
"""(pictures, seconds of the batch in each way to draw), ascending."""
RUNS = 4


def measure_batches(
    renderer: Renderer, motions: Sequence[F32], clock: Callable[[], float]
) -> ByBucket:
    """Seconds by `clock` of batches of 1, 2, 4... sessions at f32[58] motions, one a frame.

    As long as they take no longer than the engine lets one take, but a single one in any case.
    Raises what a picture raises.
    """
    found: list[tuple[int, tuple[float, ...]]] = []
    for size in BUCKETS if gains(kind_of(renderer)) else BUCKETS[:1]:
        costs = tuple(
            _batch_s(renderer, size, way, motions, clock) for way in range(len(renderer.efforts))
        )
        if found and costs[0] > LONGEST_S:
            break
        found.append((size, costs))
    return tuple(found)


def _batch_s(
    renderer: Renderer, size: int, way: int, motions: Sequence[F32], clock: Callable[[], float]
) -> float:
    states = {str(seed): renderer.new_state(seed) for seed in range(size)}
    times = []
    for motion in motions[:RUNS]:
        before = clock()
        making = {
            name: strokes_of(renderer, state, motion, NOTHING, way)
            for name, state in states.items()
        }
        for _, drawn in together(making):
            if isinstance(drawn, Exception):
                raise drawn
        times.append(clock() - before)
    return median(times)


def each_at_best(by_bucket: ByBucket) -> tuple[float, ...]:
    """Seconds of a picture in each way, in the batch where it costs least."""
    ways = range(len(by_bucket[0][1]))
    return tuple(min(costs[way] / size for size, costs in by_bucket) for way in ways)
