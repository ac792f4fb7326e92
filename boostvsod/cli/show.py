"""Progress on a terminal as bars with the time left, elsewhere as plain lines."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from boostvsod.cli.options import say
from boostvsod.kinds import Progress

EVERY = 10.0  # seconds between two plain lines of one stage


@contextmanager
def shown(title: str) -> Iterator[Progress]:
    """Progress of one video, and the warnings met on the way."""
    handler = _Warnings()
    logger = logging.getLogger("boostvsod")
    logger.addHandler(handler)
    try:
        if sys.stderr.isatty():
            with _bars(title) as progress:
                yield progress
        else:
            yield _lines(title)
    finally:
        logger.removeHandler(handler)


class _Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text not in self.said:
            self.said.add(text)
            say(f"note: {text}")


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
        first = stage not in told
        finished = done == total
        if first:
            told[stage] = now
        if finished or now - told[stage] > EVERY:
            told[stage] = now
            click.echo(f"{title}: {stage} {done}{f'/{total}' if total else ''}", err=True)

    return progress
