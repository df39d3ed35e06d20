"""Pictures in the making: each stops where it needs a net, so that many share one run of it.

Engine thread (or whoever draws one picture alone). Knows no renderer, no net and no clock.
Never lets what is wrong with one picture reach another.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np

from engines.render.conditions import Cues
from engines.values import F32, U8

if TYPE_CHECKING:
    from engines.pipeline import Renderer

MOST_ROWS = 64
"""Of one run: the largest batch that plans are built for. Two eyes are two rows."""
Run: TypeAlias = Callable[[Mapping[str, F32], Sequence[int]], F32]
"""(rows of inputs by name, slots that hold the other inputs) -> rows f32[N,...]."""


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """A run of a net that a picture waits for."""

    net: Hashable
    """Asks for the same net may share a run; all of them feed the same inputs."""
    order: int
    """Who asks for the least is served first: the others wait for those behind them."""
    run: Run
    feeds: Mapping[str, F32]
    """f32[N,...] by name, N alike."""
    slots: tuple[int, ...] = ()
    """Where the rest of each row lies (`engines.backends.slots`); none: all of it is fed."""

    @property
    def rows(self) -> int:
        """N."""
        return len(next(iter(self.feeds.values())))


T = TypeVar("T")
Strokes: TypeAlias = Generator[Ask, F32, T]
"""Yields what it asks for, is sent the rows it gets, returns what was drawn."""


@runtime_checkable
class SharingRenderer(Protocol):
    """A renderer whose pictures can be made side by side with others'."""

    @property
    def nets(self) -> str:
        """Renderers of equal nets ask for the same runs; empty: for none at all."""

    def strokes(self, state: Any, motion: F32, cues: Cues, effort: int) -> Strokes[U8]:
        """What `render` does, net by net. One at a time of a state."""

    def settle(self, state: Any) -> None:
        """A session will be drawn with this state: keep of it what can be kept where nets run."""

    def leave(self, state: Any) -> None:
        """It will not be drawn any more."""


def nets_of(renderer: Renderer) -> str:
    """`SharingRenderer.nets`; empty for one that shares nothing."""
    return renderer.nets if isinstance(renderer, SharingRenderer) else ""


def strokes_of(renderer: Renderer, state: Any, motion: F32, cues: Cues, effort: int) -> Strokes[U8]:
    """The strokes of any renderer: one that shares nothing draws in a single one."""
    if isinstance(renderer, SharingRenderer):
        return (yield from renderer.strokes(state, motion, cues, effort))
    return renderer.render(state, motion, cues, effort)


def settle(renderer: Renderer, state: Any) -> None:
    """`SharingRenderer.settle`; nothing for one that shares nothing."""
    if isinstance(renderer, SharingRenderer):
        renderer.settle(state)


def leave(renderer: Renderer, state: Any) -> None:
    """`SharingRenderer.leave`; nothing for one that shares nothing."""
    if isinstance(renderer, SharingRenderer):
        renderer.leave(state)


def alone(strokes: Strokes[T]) -> T:
    """Make one picture by itself. Raises what its renderer or a net raises."""
    try:
        ask = next(strokes)
        while True:
            ask = strokes.send(ask.run(ask.feeds, ask.slots))
    except StopIteration as done:
        drawn: T = done.value
        return drawn


def together(making: Mapping[str, Strokes[T]]) -> Iterator[tuple[str, T | Exception]]:
    """Make all pictures, every net run once for all who wait for it; each is given when it is done.

    What a picture or its part of a run raises is given in its place, and ends that one only: a run
    that fails for many is tried again for each alone.
    """
    waiting: dict[str, Ask] = {}

    def go_on(name: str, rows: F32 | None) -> Iterator[tuple[str, T | Exception]]:
        waiting.pop(name, None)
        try:
            # A generator is begun with None.
            waiting[name] = making[name].send(rows)  # type: ignore[arg-type]
        except StopIteration as done:
            yield name, done.value
        except Exception as error:
            yield name, error

    for name in making:
        yield from go_on(name, None)
    while waiting:
        for names in _next(waiting):
            for name, rows in _answers({name: waiting[name] for name in names}):
                if isinstance(rows, Exception):
                    del waiting[name]
                    making[name].close()
                    yield name, rows
                else:
                    yield from go_on(name, rows)


def _next(waiting: Mapping[str, Ask]) -> list[list[str]]:
    """Who is served now, in runs of at most MOST_ROWS."""
    least = min(ask.order for ask in waiting.values())
    by_net: dict[Hashable, list[str]] = {}
    for name, ask in waiting.items():
        if ask.order == least:
            by_net.setdefault((ask.net, tuple(ask.feeds), bool(ask.slots)), []).append(name)
    runs = []
    for names in by_net.values():
        most = max(1, MOST_ROWS // waiting[names[0]].rows)
        runs += [names[at : at + most] for at in range(0, len(names), most)]
    return runs


def _answers(asks: Mapping[str, Ask]) -> list[tuple[str, F32 | Exception]]:
    """Rows for each of one run, or what kept it from them."""
    every = list(asks.values())
    first = every[0]
    try:
        feeds = (
            {name: np.concatenate([ask.feeds[name] for ask in every]) for name in first.feeds}
            if len(every) > 1
            else first.feeds
        )
        found = first.run(feeds, [slot for ask in every for slot in ask.slots])
    except Exception as error:
        if len(every) == 1:
            return [(name, error) for name in asks]
        # Whose fault it is shows when each runs by itself.
        return [pair for name, ask in asks.items() for pair in _answers({name: ask})]
    parts = np.split(found, np.cumsum([ask.rows for ask in every])[:-1])
    return list(zip(asks, parts, strict=True))
