"""`boostvsod explain`: why each frame of a run was mined or not."""

from __future__ import annotations

import json
from pathlib import Path

import click

from boostvsod.cli.options import debug_option, no_plugins_option, overwrite_option, say, show


@click.command("explain")
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--frame", help="Name or number of one frame. Default: all frames.")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
@click.option("--strip", type=click.Path(path_type=Path), help="File for the pictures. Default: RUN/explain.png.")
@overwrite_option
@debug_option
@no_plugins_option
def command(folder: Path, frame: str | None, as_json: bool, strip: Path | None, overwrite: bool) -> None:
    """Print for each frame of RUN why it was mined or not, and write a strip of pictures.

    RUN is the output folder of `boostvsod run`.
    """
    from boostvsod.boosting.explain import as_text, explain, find_frame, strip_frames, write_strip
    from boostvsod.boosting.record import read_result
    from boostvsod.errors import ConfigError, InputError
    from boostvsod.files import Outputs
    from boostvsod.media.video import Video

    result = read_result(folder)
    strip = strip or folder / "explain.png"
    if strip.suffix != ".png":
        raise ConfigError(f"--strip {strip}: the name must end in .png")
    chosen = None if frame is None else find_frame(result, frame)
    explanation = explain(result, range(len(result.names)) if chosen is None else [chosen])
    try:
        video = Video.open(result.record["video"]["source"])
    except InputError as error:  # the video was an array in memory, or was deleted
        say(f"the strip shows only maps, without frames: {error}")
        video = None
    inputs = [*(video.files if video else ()), *folder.glob("maps/*"), folder / "run.json"]
    outputs = Outputs(strip.parent, inputs=inputs, overwrite=overwrite)
    outputs.check(strip.name)
    show(json.dumps(explanation, indent=2) if as_json else as_text(explanation))
    with outputs.writing(strip.name) as path:
        write_strip(result, video, strip_frames(result, chosen), path)
    say(f"wrote {strip}")
