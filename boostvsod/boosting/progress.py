"""Progress: a bar on a terminal, one line in a notebook, both with the time left; plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from boostvsod.errors.text import printable
from boostvsod.kinds import Progress, quiet

LINE_EVERY = 10.0  # seconds between two plain lines of one stage
SPEED_OVER = 120.0  # seconds over which the speed is measured: stages differ in speed
SHARES = {  # stage of a run -> its share of the time, a guess from a few runs of the default recipe
    "target": 0.1, "motion": 0.3, "mine": 0.12, "learn": 0.3, "student": 0.12, "fused": 0.03, "gate": 0.02,
    "final": 0.01,
}  # fmt: skip


@contextmanager
def show_progress(title: str, *, plain: bool = False) -> Iterator[Progress]:
    """A progress function for work on one video; `title` begins each line. `plain` lines suit several processes."""
    title = printable(title)
    if sys.stderr.isatty() and not plain:
        with _bars(title) as progress:
            yield progress
    elif _in_notebook() and not plain:
        with _one_line(title) as progress:
            yield progress
    else:
        yield _lines(title)


def reporting(progress: Progress | bool, title: str) -> AbstractContextManager[Progress]:
    """The function that a `progress` argument stands for: True shows the progress, False does not."""
    return show_progress(title) if progress is True else nullcontext(progress or quiet)


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


class Whole:
    """How much of a whole run is done, from the progress of its stages."""

    def __init__(self) -> None:
        self.done = dict.fromkeys(SHARES, 0.0)  # stage -> share of the frames
        self.share = 0.0

    def update(self, stage: str, done: int, total: int) -> float:
        """The share of the run that is done, 0 to 1. It never falls.

        A long video is boosted piece by piece. The steps of learning are those of one piece: the one whose frames
        have the target's maps but not yet the student's.
        """
        part = done / total if total else 0.0
        if stage == "learn":
            part = self.done["student"] + part * (self.done["target"] - self.done["student"])
        self.done[stage] = max(self.done[stage], part)
        spent = sum(share * self.done[name] for name, share in SHARES.items())
        self.share = max(self.share, spent, self.done["final"])  # a stage that the recipe does not need is skipped
        return min(1.0, self.share)


@contextmanager
def _bars(title: str) -> Iterator[Progress]:
    """One bar for the whole run, with its stage and the time left, and one for each thing that is made of its maps."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:24}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    tasks: dict[str, Any] = {}
    whole = Whole()
    with Bars(*columns, console=Console(stderr=True), speed_estimate_period=SPEED_OVER) as bars:

        def progress(stage: str, done: int, total: int) -> None:
            own = "" if stage in SHARES else stage  # all stages of the run share the bar without a name
            if own not in tasks:
                tasks[own] = bars.add_task(title, total=total or None)
            if own:
                bars.update(tasks[own], completed=done, total=total or None, description=f"{title} {stage}")
            else:
                share = whole.update(stage, done, total)
                bars.update(tasks[own], completed=share, total=1, description=f"{title} {stage}")

        yield progress


@contextmanager
def _one_line(title: str) -> Iterator[Progress]:
    """One line that is written over itself. Every notebook shows it; a bar would need ipywidgets."""
    whole, began, widest = Whole(), time.monotonic(), 0

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal widest
        share = whole.update(stage, done, total) if stage in SHARES else 0.0
        left = f" {share:.0%}, {(time.monotonic() - began) * (1 / share - 1):.0f} s left" if share else ""
        text = f"{title}: {stage}{left}"
        widest = max(widest, len(text))
        print(f"\r{text:{widest}}", end="", file=sys.stderr, flush=True)

    try:
        yield progress
    finally:
        print(file=sys.stderr)


def _lines(title: str) -> Progress:
    last: dict[str, float] = {}  # stage -> time of its last line

    def progress(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - last.setdefault(stage, now) > LINE_EVERY:
            last[stage] = now
            print(f"{title}: {stage} {done}{f'/{total}' if total else ''}", file=sys.stderr, flush=True)

    return progress
