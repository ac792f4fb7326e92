"""`boostvsod pseudo-label`: masks between the given masks of a data set, written as a data set of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from boostvsod.cli.options import DEFAULT_DENSIFIER, DEFAULT_FLOW, Number, device_options, overwrite_option, say
from boostvsod.runtime import Runtime

COUNT = Number(int, 1, 1000)


@click.command("pseudo-label")
@click.argument("data", metavar="DATASET")
@click.option("--every", type=COUNT, default=5, show_default=True, help="l: given masks are at least so far apart.")
@click.option(
    "--made", type=Number(int, 0, 1000), default=1, show_default=True, help="m: masks made between two of them."
)
@click.option("--densifier", default=DEFAULT_DENSIFIER, show_default=True, help="Makes these masks.")
@click.option("--flow", default=DEFAULT_FLOW, show_default=True, help="Flow backend.")
@click.option(
    "--split", type=click.Choice(["train", "val", "all"]), help="Clips of a source with lists. Default: train."
)
@click.option("--set", "settings", multiple=True, help="DENSIFIER.KEY=VALUE, as in fgplg.weights=FILE.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the new data set.")
@overwrite_option
@device_options
def command(data: str, every: int, made: int, output: Path, overwrite: bool, runtime: Runtime, **options: Any) -> None:
    """Make masks between the given masks of DATASET (RCRNet, protocol m/l), and write both as a data set.

    Train on it with `boostvsod train rcrnet --every 1 --made 0 --data FOLDER`. labels.json says which masks were made.
    """
    from boostvsod.cli.inputs import paths_in
    from boostvsod.datasets.splits import Split
    from boostvsod.files import Outputs
    from boostvsod.training.clips import LabelProtocol
    from boostvsod.training.job import Settings
    from boostvsod.training.pseudo_labels import LIST, write_pseudo_labels

    say(str(runtime))
    runtime.apply()
    name = options["densifier"]
    own = Settings().changed(options["settings"], [name]).options.get(name, {})
    outputs = Outputs(output, inputs=paths_in([data]), overwrite=overwrite)
    outputs.check(LIST)
    pairs = Split(options["split"] or "", test_clips=True).training(data, every_frame=True)
    counts = write_pseudo_labels(pairs, LabelProtocol(every, made, name, own), options["flow"], outputs, runtime)
    click.echo(json.dumps({"output": str(output), **counts}))
