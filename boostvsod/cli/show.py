"""Progress on a terminal as bars with the time left, elsewhere as plain lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from boostvsod.kinds import Progress

EVERY = 10.0  # seconds between two plain lines of one stage


@contextmanager
def shown(title: str) -> Iterator[Progress]:
    """Progress of one video."""
    if sys.stderr.isatty():
        with _bars(title) as progress:
            yield progress
    else:
        yield _lines(title)


@contextmanager
def _bars(title: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    tasks = {}
    with Bars(*columns, console=Console(stderr=True)) as bars:

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(f"{title} {stage}", total=total or None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield progress


def _lines(title: str) -> Progress:
    told: dict[str, float] = {}

    def progress(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - told.setdefault(stage, now) > EVERY:
            told[stage] = now
            click.echo(f"{title}: {stage} {done}{f'/{total}' if total else ''}", err=True)

    return progress
