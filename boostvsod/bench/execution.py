"""Where jobs are run: processes of this machine, or a Ray cluster. `run` and `bench` share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from boostvsod.bench.local import Group, Job, JobResult, Work, run_local
from boostvsod.errors import ConfigError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Execution:
    """Where and with how many workers jobs are run."""

    executor: str = "local"
    workers: int = 1
    devices: tuple[str, ...] = ("cpu",)
    address: str = ""  # of a Ray cluster; empty: a new one on this machine
    gpus: float = 0.0  # for each Ray worker


def execute(groups: Sequence[Group[Job]], work: Work[Job], execution: Execution) -> Iterator[JobResult[Job]]:
    """Yield the results of all jobs in the order in which they finish. The jobs of a group run one after another."""
    if execution.executor == "ray":
        from boostvsod.bench.cluster import run_ray

        return run_ray(groups, work, execution.workers, execution.address, execution.gpus)
    return run_local(groups, work, min(execution.workers, len(groups)), execution.devices)


def part_of(items: Sequence[Item], part: str) -> list[Item]:
    """Part `i/n` of the items, counted from 1."""
    number, slash, count = part.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and len(count) < 10 and 1 <= int(number) <= int(count)):
        raise ConfigError(f"--shard {part!r}: expected I/N with I from 1 to N, as in 2/4")
    return [item for i, item in enumerate(items) if i % int(count) == int(number) - 1]
