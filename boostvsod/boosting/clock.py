"""Times of a run: seconds spent in this run by step, and the cost of each stage over all runs in a folder."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from boostvsod.files import write_json


@dataclass
class Clock:
    """`seconds` are of this run alone. Costs outlive it: a stage that is read again was paid for by an earlier run."""

    costs_path: Path
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time spent inside to a step of this run."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - started

    def add(self, seconds: Mapping[str, float]) -> None:
        """Add seconds that were measured elsewhere, by the name of the step."""
        for step, spent in seconds.items():
            self.seconds[step] = self.seconds.get(step, 0.0) + spent

    @contextmanager
    def charged(self, stage: str) -> Iterator[None]:
        """Add the time spent inside to the cost of a stage, unless the work fails."""
        started = time.perf_counter()
        yield
        self.costs[stage] = self.costs.get(stage, 0.0) + time.perf_counter() - started

    @cached_property
    def costs(self) -> dict[str, float]:
        """Full name of a stage -> seconds, as earlier runs left them and this one goes on."""
        try:
            costs: dict[str, float] = json.loads(self.costs_path.read_text())
        except (OSError, ValueError):
            return {}
        return costs

    def save(self) -> None:
        """Leave the costs for later runs."""
        write_json(self.costs_path, self.costs)
