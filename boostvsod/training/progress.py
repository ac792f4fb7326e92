"""How a long training goes: looked at now and then, the best weights kept, and all of it told in the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import nn

from boostvsod.files import write_atomically, write_json
from boostvsod.kinds import Student
from boostvsod.report.page import Page, write_page
from boostvsod.report.plots import line_plot
from boostvsod.report.tables import Cell, Table
from boostvsod.weights.files import read_weights, save_weights

SHOWN = ("MAE", "maxF", "S", "maxE")
BEST_BY = "S"
POINTS = 200  # of the loss curve


@dataclass
class TrainingLog:
    """Examines the network `checks` times in `steps` steps; what it finds outlives a kill, beside the output."""

    student: Student
    examine: Callable[[Student], dict[str, float]]
    steps: int
    checks: int
    output: Path
    found: dict[int, dict[str, float]] = field(default_factory=dict)  # step -> scores
    earlier: float = 0.0  # seconds that were spent before this process began
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.state.exists() and self.notes.exists():
            told = json.loads(self.notes.read_text())
            self.found = {int(step): scores for step, scores in told["found"].items()}
            self.earlier = told["seconds"]

    @property
    def state(self) -> Path:
        """Where the training itself is kept until it is done."""
        return self.output.with_suffix(".state")

    @property
    def notes(self) -> Path:
        return self.output.with_suffix(".log.json")

    @property
    def best(self) -> Path:
        return self.output.with_suffix(".best.safetensors")

    @property
    def seconds(self) -> float:
        return self.earlier + time.monotonic() - self.started

    def check(self, step: int, net: nn.Module) -> None:
        """Examine the network if it is time to."""
        if step % max(1, self.steps // max(1, self.checks)) and step != self.steps:
            return
        self.found[step] = self.examine(replace(self.student, net=net))
        if step == self.best_step():
            save_weights(net, self.best, half=False)
        write_json(self.notes, {"seconds": self.seconds, "found": self.found})

    def best_step(self) -> int:
        """The step with the best S, of equals the last: what locates may be frozen while what judges learns."""
        return max(self.found, key=lambda step: (self.found[step][BEST_BY], step))

    def finish(self, facts: Mapping[str, str], losses: Sequence[float]) -> dict[str, float]:
        """Leave the best weights in the network and in the output, and write card and report; returns the scores."""
        self.student.net.load_state_dict(read_weights(self.best))
        save_weights(self.student.core or self.student.net, self.output)
        scores = self.found[self.best_step()]
        facts = {
            **facts,
            "time": f"{self.seconds / 60:.1f} minutes",
            "best step": f"{self.best_step()} of {self.steps}",
        }
        write_card(self.output.with_suffix(".md"), facts, scores)
        write_page(self._page(facts, losses), self.output.with_suffix(".html"))
        for path in (self.state, self.notes, self.best):
            path.unlink()
        return scores

    def _page(self, facts: Mapping[str, str], losses: Sequence[float]) -> Page:
        steps = sorted(self.found)
        rows: list[list[Cell]] = [[step, *(self.found[step][key] for key in SHOWN)] for step in steps]
        curves = {key: [(step / self.steps, self.found[step][key]) for step in steps] for key in SHOWN}
        plots = [
            ("loss", line_plot({f"loss; 1 is {max(losses):.3g}": loss_curve(losses)}, "share of the steps", "loss")),
            ("held out", line_plot(curves, "share of the steps", "on what was held out")),
        ]
        table = Table(["step", *SHOWN], rows, "on what was held out")
        return Page(f"training of {self.output.name}", list(facts.items()), tables=[table], plots=plots)


def loss_curve(losses: Sequence[float]) -> list[tuple[float, float]]:
    """Means over neighbouring steps, as shares of the greatest loss."""
    width = -(-len(losses) // POINTS)
    parts = [losses[i : i + width] for i in range(0, len(losses), width)]
    top = max(losses) or 1.0
    return [((i * width + len(part) / 2) / len(losses), sum(part) / len(part) / top) for i, part in enumerate(parts)]


def write_card(path: Path, facts: Mapping[str, str], scores: Mapping[str, float]) -> None:
    """A model card: what was trained, on what, how, and how good it is."""
    told = {**facts, "on what was held out": ", ".join(f"{key} {scores[key]:.3f}" for key in SHOWN)}
    table = Table(["", ""], list(told.items())).render("markdown")
    with write_atomically(path) as temporary:
        temporary.write_text(f"# {path.stem}\n\n{table}\n", encoding="utf-8")
