"""Progress of work on a terminal: bars with the time left, or plain lines if standard error is not a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from boostvsod.cli.options import say
from boostvsod.errors.text import printable
from boostvsod.kinds import Progress

LINE_EVERY = 10.0  # seconds between two plain lines of one stage
LOSS_EVERY = 15.0  # seconds between two lines about the loss
SMOOTHING = 0.01  # weight of the last loss in the running mean


@contextmanager
def show_progress(title: str, *, plain: bool = False) -> Iterator[Progress]:
    """A progress function for work on one video; `title` begins each line. `plain` lines suit several processes."""
    title = printable(title)
    if sys.stderr.isatty() and not plain:
        with _bars(title) as progress:
            yield progress
    else:
        yield _lines(title)


@contextmanager
def _bars(title: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:24}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    tasks = {}
    with Bars(*columns, console=Console(stderr=True)) as bars:

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(f"{title} {stage}", total=total or None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield progress


def _lines(title: str) -> Progress:
    last: dict[str, float] = {}  # stage -> time of its last line

    def progress(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - last.setdefault(stage, now) > LINE_EVERY:
            last[stage] = now
            click.echo(f"{title}: {stage} {done}{f'/{total}' if total else ''}", err=True)

    return progress


class TrainingLines:
    """Prints a training's messages, and a line with step, loss and time left every few seconds."""

    def __init__(self) -> None:
        self.started = self.last_line = time.monotonic()
        self.first_step, self.mean_loss = 0, 0.0

    def message(self, text: str) -> None:
        """Print one line."""
        say(text)

    def step(self, step: int, steps: int, loss: float) -> None:
        """Print the running mean of the loss if the last line is old enough."""
        if not self.first_step:
            self.first_step, self.mean_loss = step, loss
        self.mean_loss += SMOOTHING * (loss - self.mean_loss)
        now = time.monotonic()
        if now - self.last_line > LOSS_EVERY or step == steps:
            left = (now - self.started) / (step - self.first_step + 1) * (steps - step)
            say(f"step {step}/{steps}  loss {self.mean_loss:.4f}  {left:.0f} s left")
            self.last_line = now
