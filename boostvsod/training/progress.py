"""The log of a long training: validation scores, the best weights so far, and the card and report at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

from boostvsod.errors import WeightsError
from boostvsod.files import Outputs, write_json
from boostvsod.kinds import Student
from boostvsod.report.page import Page, page_as_html
from boostvsod.report.plots import line_plot
from boostvsod.report.tables import Cell, Table
from boostvsod.weights.files import read_weights, save_weights

SHOWN = ("MAE", "maxF", "S", "maxE")
BEST_BY = "S"
BEST = ".best.safetensors"
SUFFIXES = (".safetensors", ".md", ".html", ".state", ".scores.json", BEST)
POINTS = 200  # of the loss curve


@dataclass
class TrainingLog:
    """Evaluates the network about `checks` times during `steps` steps, and saves the best weights.

    Scores and weights are written beside the output, so a training that was killed can continue.
    """

    student: Student
    evaluate: Callable[[Student], dict[str, float]]
    steps: int
    checks: int
    output: Path
    key: str  # of the training; a state with another key is refused
    scores: dict[int, dict[str, float]] = field(default_factory=dict)  # step -> scores
    seconds_before: float = 0.0  # spent by earlier processes on this training
    started: float = field(default_factory=time.monotonic)
    outputs: Outputs | None = None  # the folder of the output, with the rule of what may be replaced there

    def __post_init__(self) -> None:
        if self.state_file.exists():
            saved = self._saved()
            self.scores = {int(step): scores for step, scores in saved["scores"].items()}
            self.seconds_before = saved["seconds"]
        self._save()

    def _saved(self) -> dict[str, Any]:
        """The scores of the training that was interrupted, if it is this one."""
        try:
            saved: dict[str, Any] = json.loads(self.scores_file.read_text())
        except (OSError, ValueError):
            saved = {}
        if saved.get("key") != self.key:
            raise WeightsError(
                f"{self.state_file} is the state of another training: data, initial weights, options or seed differ; "
                "give another output, or delete it to start afresh"
            )
        return saved

    def _save(self) -> None:
        with self._outputs.writing(self.scores_file.name) as path:
            write_json(path, {"key": self.key, "seconds": self.seconds, "scores": self.scores})

    @cached_property
    def _outputs(self) -> Outputs:
        return self.outputs or Outputs(self.output.parent)

    @property
    def state_file(self) -> Path:
        """The state of the training loop, until the training ends."""
        return self.output.with_suffix(".state")

    @property
    def scores_file(self) -> Path:
        """The scores and seconds so far, until the training ends."""
        return self.output.with_suffix(".scores.json")

    @property
    def best_file(self) -> Path:
        """The best weights so far, until the training ends."""
        return self.output.with_suffix(BEST)

    @property
    def seconds(self) -> float:
        """Seconds spent on this training, earlier processes included."""
        return self.seconds_before + time.monotonic() - self.started

    def check(self, step: int, net: nn.Module) -> None:
        """Evaluate the network if this step is one of the `checks`; save it if it is the best so far."""
        if step % max(1, self.steps // max(1, self.checks)) and step != self.steps:
            return
        self.scores[step] = self.evaluate(replace(self.student, net=net))
        if step == self.best_step():
            with self._outputs.writing(self.best_file.name) as path:
                save_weights(net, path, half=False)
        self._save()

    def best_step(self) -> int:
        """The step with the best S; the last one if several are equal.

        S does not change while the part that makes the maps is frozen and another part learns.
        """
        return max(self.scores, key=lambda step: (self.scores[step][BEST_BY], step))

    def finish(self, facts: Mapping[str, str], losses: Sequence[float]) -> dict[str, float]:
        """Load the best weights into the network; write output, card and report; returns the best scores."""
        self.student.net.load_state_dict(read_weights(self.best_file))
        with self._outputs.writing(self.output.name) as path:
            save_weights(self.student.core or self.student.net, path)
        best = self.scores[self.best_step()]
        facts = {
            **facts,
            "time": f"{self.seconds / 60:.1f} minutes",
            "best step": f"{self.best_step()} of {self.steps}",
        }
        stem = self.output.stem
        self._outputs.write_text(f"{stem}.md", card(stem, facts, best))
        self._outputs.write_text(f"{stem}.html", page_as_html(self._page(facts, losses)))
        for path in (self.state_file, self.scores_file, self.best_file):
            path.unlink()
        return best

    def _page(self, facts: Mapping[str, str], losses: Sequence[float]) -> Page:
        steps = sorted(self.scores)
        rows: list[list[Cell]] = [[step, *(self.scores[step][key] for key in SHOWN)] for step in steps]
        curves = {key: [(step / self.steps, self.scores[step][key]) for step in steps] for key in SHOWN}
        loss = {f"loss; 1 is {max(losses):.3g}": loss_curve(losses)}
        plots = [
            ("loss", line_plot(loss, "share of the steps", "loss")),
            ("validation", line_plot(curves, "share of the steps", "score on the held-out data")),
        ]
        table = Table(["step", *SHOWN], rows, "scores on the held-out data")
        return Page(f"training of {self.output.name}", list(facts.items()), tables=[table], plots=plots)


def loss_curve(losses: Sequence[float]) -> list[tuple[float, float]]:
    """At most `POINTS` points (share of the steps, loss): means of neighbouring losses, divided by the largest loss."""
    width = -(-len(losses) // POINTS)
    parts = [losses[i : i + width] for i in range(0, len(losses), width)]
    top = max(losses) or 1.0
    return [((i * width + len(part) / 2) / len(losses), sum(part) / len(part) / top) for i, part in enumerate(parts)]


def card(name: str, facts: Mapping[str, str], scores: Mapping[str, float]) -> str:
    """A model card: the network, its training data, the command, and its scores on the held-out data."""
    rows = {**facts, "scores on the held-out data": ", ".join(f"{key} {scores[key]:.3f}" for key in SHOWN)}
    table = Table(["", ""], list(rows.items())).render("markdown")
    return f"# {name}\n\n{table}\n"


def files_of(output: Path) -> list[Path]:
    """All files that a training with this output writes: weights, card and report, and while it runs its state."""
    return [output.with_suffix(suffix) for suffix in SUFFIXES]
