"""`boostvsod report`: write the report of a finished run again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from boostvsod.cli.options import debug_option, no_plugins_option, overwrite_option, show


@click.command("report")
@click.argument("folder", type=click.Path(path_type=Path))
@overwrite_option
@debug_option
@no_plugins_option
def command(folder: Path, overwrite: bool) -> None:
    """Write report.html into FOLDER, the output of a run. `run` and `bench` already do this."""
    from boostvsod.boosting.record import read_result
    from boostvsod.boosting.report import NAME, write_run_report
    from boostvsod.errors import InputError
    from boostvsod.files import Outputs
    from boostvsod.media.video import Video

    if (folder / "bench.json").is_file():
        raise InputError(f"{folder} is a benchmark. Repeat its command, which reads the finished jobs{_again(folder)}")
    result = read_result(folder)
    video = Video.open(result.record["video"]["source"])
    outputs = Outputs(folder, inputs=video.files, overwrite=overwrite)
    outputs.check(NAME)
    show(str(write_run_report(result, video, outputs=outputs, again=True)))


def _again(folder: Path) -> str:
    """The command of a benchmark, after a colon; nothing if its file is damaged."""
    try:
        return f": {json.loads((folder / 'bench.json').read_text(encoding='utf-8'))['command']}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
