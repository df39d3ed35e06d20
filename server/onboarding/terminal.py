"""What the avatar commands show: a bar while a face is made, tables, and errors with a next step.

Runs on the main thread.
Never reads or changes an avatar, never takes a title for markup of the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from engines.avatars.inspection import Inspection, remark
from engines.avatars.intake import BadImage
from engines.avatars.onboard import Progress as OnStep
from engines.avatars.onboard import Step

PIPE_WIDTH = 240
"""Columns where there is no terminal: a line for `grep` must not be folded."""


def console(*, stderr: bool = False) -> Console:
    """The terminal, or a pipe, for words that are not ours."""
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = PIPE_WIDTH
    return made


@contextmanager
def progress() -> Iterator[OnStep]:
    """A bar on a terminal; a line for each step elsewhere."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield lambda step: screen.print(f"{step.share:4.0%} {step.words}")
        screen.print("100% done")
        return
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f}%"),
    )
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def show(step: Step) -> None:
            bar.update(task, description=step.words, completed=step.share)

        yield show


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under titles; the last column takes what room there is."""
    made = Table(*titles, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    made.columns[0].no_wrap = True
    for row in rows:
        made.add_row(*row)
    console().print(made)


def sheet(rows: Mapping[str, str]) -> None:
    """Names and values, one pair a line."""
    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_column(no_wrap=True, style="bold")
    made.add_column(overflow="fold")
    for name, value in rows.items():
        made.add_row(name, value)
    console().print(made)


def fault(command: str, error: Exception) -> None:
    """What happened, what came and what was wanted where that says more, and what to do next."""
    rows: dict[str, str] = {}
    if isinstance(error, BadImage):
        what, rows = error.what, {"got": error.got, "wanted": error.wanted, "next": error.remedy}
    else:
        told = remark(error)
        what = told.message
        if told.remedy:
            rows["next"] = told.remedy
    screen = console(stderr=True)
    screen.print(f"{command}: {what}", soft_wrap=True)
    for name, value in rows.items():
        screen.print(f"  {name + ':':<8}{value}", soft_wrap=True)


def seen(photo: str, inspection: Inspection) -> None:
    """What is seen in a photo, on stderr; of several faces how each can be chosen."""
    screen = console(stderr=True)
    for index, (x, y, width, height) in enumerate(inspection.faces):
        if len(inspection.faces) > 1 and inspection.problem is not None:
            across, down = x + width / 2, y + height / 2
            screen.print(
                f"  --face {index}: {across:.0%} from the left, {down:.0%} from the top,"
                f" {width:.0%} of the width",
                soft_wrap=True,
            )
    for warning in inspection.warnings:
        screen.print(f"{photo}: {warning.message} {warning.remedy}", soft_wrap=True)
