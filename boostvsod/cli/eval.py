"""`boostvsod eval`: score maps against ground truth."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.options import Number, debug_option, format_option, no_plugins_option, overwrite_option, say, show

if TYPE_CHECKING:
    from boostvsod.evaluate import Evaluation
    from boostvsod.report.tables import Table


@click.command("eval")
@click.argument("methods", nargs=-1, required=True, metavar="PRED...")
@click.argument("truth", metavar="GT")
@click.option("--protocol", default="video", show_default=True, help="video, davsod, flat or davis.")
@click.option("--layout", default="", help="Layout of GT. Default: detected.")
@click.option("--jobs", type=Number(int, 1, 1024), default=1, show_default=True, help="Processes.")
@click.option("--allow-missing", is_flag=True, help="Score the frames that both have; report the others.")
@click.option("--stability", is_flag=True, help="Also measure how much maps flicker along the optical flow.")
@format_option
@click.option("--json", "as_json", is_flag=True, help="Print all numbers as JSON with flat keys.")
@click.option("--pr", "plot", type=click.Path(path_type=Path), help="Write precision-recall curves to this SVG file.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the tables to this file.")
@overwrite_option
@debug_option
@no_plugins_option
def command(
    methods: tuple[str, ...], truth: str, protocol: str, layout: str, form: str, as_json: bool, plot: Path | None,
    output: Path | None, overwrite: bool, **options: Any,
) -> None:  # fmt: skip
    """Score maps against ground truth: `boostvsod eval MAPS GT`.

    PRED is a folder that holds one folder of maps for each sequence, or a path with {video} in it, which may be
    inside a zip: data.zip/{video}/pred. NAME=PRED gives the method a name. GT is a data set, or a folder or zip of
    frames and masks. Nothing is written to PRED or GT.
    """
    from boostvsod.datasets.layouts import open_dataset
    from boostvsod.evaluate import evaluate, protocol_called
    from boostvsod.targets import split_label

    write = _checked_writer(output, plot, [*(maps for _, maps in map(split_label, methods)), truth], overwrite)
    rules, data = protocol_called(protocol), open_dataset(truth, layout)
    results = {name: evaluate(maps, data, rules, **options) for name, maps in map(split_label, methods)}
    caption = f"{data.layout.title}, {len(data.sequences)} sequences; protocol {rules.name}: {rules.summary}"
    for name, evaluation in results.items():
        for note in evaluation.notes:
            say(f"{name}: note: {note}")
    keys = (*rules.show, "flicker") if options["stability"] else rules.show
    if as_json:
        numbers: Any = {name: evaluation.as_dict() for name, evaluation in results.items()}
        text = json.dumps(numbers if len(results) > 1 else next(iter(numbers.values())), indent=2)
    else:
        text = "\n\n".join(table.render(form) for table in _tables(results, keys, caption))
    write(text, output)
    if plot is not None:
        write(_curves(results), plot)


def _tables(results: dict[str, Evaluation], keys: Sequence[str], caption: str) -> list[Table]:
    """One table that compares the methods, then one table for each method with its sequences."""
    from boostvsod.report.tables import Table

    def row(label: str, values: dict[str, float]) -> list[Any]:
        return [label, *(values[key] for key in keys)]

    tables = [Table(["method", *keys], [row(name, e.averages.result()) for name, e in results.items()], caption)]
    for name, evaluation in results.items():
        rows = [[*row(score.name, score.averages.result()), len(score.frames)] for score in evaluation.sequences]
        tables.append(Table(["sequence", *keys, "frames"], rows, name))
    return tables


def _curves(results: dict[str, Evaluation]) -> str:
    """The precision-recall curves of the methods as one SVG."""
    from boostvsod.report.plots import line_plot

    lines = {
        name: list(zip(e.averages.curves["R"].tolist(), e.averages.curves["P"].tolist(), strict=True))
        for name, e in results.items()
    }
    return line_plot(lines, "recall", "precision")


def _checked_writer(
    output: Path | None, plot: Path | None, inputs: list[str], overwrite: bool
) -> Callable[[str, Path | None], None]:
    """A function that writes a text to a file, or prints it if there is none. Refuses bad files now."""
    from boostvsod.cli.inputs import paths_in
    from boostvsod.errors import ConfigError
    from boostvsod.files import Outputs

    if plot is not None and (plot.suffix != ".svg" or plot == output):
        raise ConfigError(f"--pr {plot}: the name must end in .svg, and must not be that of --output")
    given = [path for path in (output, plot) if path is not None]
    places = {path: Outputs(path.parent, inputs=paths_in(inputs), overwrite=overwrite) for path in given}
    for path, outputs in places.items():
        outputs.check(path.name)

    def write(text: str, path: Path | None) -> None:
        if path is None:
            show(text)
            return
        places[path].write_text(path.name, text + "\n")
        say(f"wrote {path}")

    return write
