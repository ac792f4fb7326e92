"""Many videos, for commands that treat each of them alike: the options, and the runner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from boostvsod.cli.options import Number, say
from boostvsod.errors import BoostError
from boostvsod.errors.text import printable
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.cli.inputs import Input

F = TypeVar("F", bound=Callable[..., Any])
# One video and its record. The last argument: no progress bar, because other videos run beside it.
Work = Callable[["Input", Runtime, bool], dict[str, Any]]


def many_options(jobs: str, parts: str) -> Callable[[F], F]:
    """The options that say where work is done, and how much at a time. `jobs` explains --jobs; --shard cuts `parts`."""
    place = "Address of a Ray cluster. Default: a new one on this machine."
    share = "GPUs for each Ray worker; may be a fraction."

    def with_options(command: F) -> F:
        for add in (
            click.option("--gpus", type=Number(float, 0, 1024), default=0.0, help=share),
            click.option("--address", default="", help=place),
            click.option("--executor", type=click.Choice(["local", "ray"]), default="local", show_default=True),
            click.option("--shard", default="", help=f"I/N: run only part I of N of the {parts}."),
            click.option("--jobs", type=Number(int, 1, 1024), default=1, show_default=True, help=jobs),
        ):
            command = add(command)
        return command

    return with_options


video_options = many_options("Videos at a time.", "videos")


def own_part(inputs: list[Input], options: dict[str, Any]) -> list[Input]:
    """The videos of --shard; all without it."""
    from boostvsod.bench.execution import part_of

    return part_of(inputs, options["shard"]) if options["shard"] else inputs


def each_video(work: Work, inputs: Sequence[Input], runtime: Runtime, options: dict[str, Any]) -> list[dict[str, Any]]:
    """The record of every video. If one fails, the others still run, and the first error is raised at the end.

    `work` must be a function of a module, or a `partial` of one, so that other processes find it.
    """
    records, failures = [], []
    for name, record in _results(work, inputs, runtime, options):
        if not isinstance(record, Exception):
            records.append(record)
            continue
        if len(inputs) == 1 or not isinstance(record, (BoostError, RuntimeError)):
            raise record
        say(f"boostvsod: {printable(name)}: {record}")
        failures.append(record)
    if failures:
        kind = type(failures[0]) if isinstance(failures[0], BoostError) else BoostError
        raise kind(f"{len(failures)} of {len(inputs)} videos failed; the first: {failures[0]}")
    return records


@dataclass(frozen=True)
class Task:
    """One video to run, by names only, so that any process can run it."""

    words: tuple[str, ...]
    folder: Path
    work: Work
    runtime: Runtime


def _results(
    work: Work, inputs: Sequence[Input], runtime: Runtime, options: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any] | Exception]]:
    """The word and the record of each video: in this process and in order, or in several and as they finish."""
    from boostvsod.bench.execution import Execution, execute

    if options["executor"] == "local" and (options["jobs"] == 1 or len(inputs) == 1):
        for given in inputs:
            try:
                yield given.word, work(given, runtime, False)
            except BoostError as error:
                yield given.word, error
        return
    share = replace(runtime, threads=max(1, runtime.threads // options["jobs"]))
    tasks = [Task(given.words, given.folder.absolute(), work, share) for given in inputs]
    execution = Execution(options["executor"], options["jobs"], (runtime.device,), options["address"], options["gpus"])
    for task, record in execute([[task] for task in tasks], run_task, execution):
        yield task.words[0], record


def run_task(task: Task, device: str) -> dict[str, Any]:
    """Run one video in a process of its own."""
    from boostvsod.cli.inputs import find_inputs

    (given,) = find_inputs(task.words, task.folder)
    return task.work(given, replace(task.runtime, device=device), True)
