"""`boostvsod explain`: why frames were mined or not."""

from __future__ import annotations

import json
from pathlib import Path

import click

from boostvsod.cli.options import debug_option, no_plugins_option, say


@click.command("explain")
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--frame", help="Name or number; default: all frames.")
@click.option("--json", "as_json", is_flag=True, help="The same for programs.")
@click.option("--strip", type=click.Path(path_type=Path), help="Where the pictures go; default: RUN/explain.png.")
@debug_option
@no_plugins_option
def command(folder: Path, frame: str | None, as_json: bool, strip: Path | None) -> None:
    """Say for each frame of RUN, the output of a run, why it was mined or not, and show it."""
    from boostvsod.boosting.explain import as_text, explain, find_frame, strip_frames, write_strip
    from boostvsod.boosting.record import read_result
    from boostvsod.errors import InputError
    from boostvsod.media.video import Video

    result = read_result(folder)
    wanted = None if frame is None else find_frame(result, frame)
    told = explain(result, range(len(result.names)) if wanted is None else [wanted])
    click.echo(json.dumps(told, indent=2) if as_json else as_text(told))
    try:
        video = Video.open(result.record["video"]["source"])
    except InputError as error:  # it was boosted from memory, or is no longer there
        say(f"the strip shows maps alone: {error}")
        video = None
    say(f"{write_strip(result, video, strip_frames(result, wanted), strip or folder / 'explain.png')}")
