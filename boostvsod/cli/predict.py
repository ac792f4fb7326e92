"""`boostvsod predict`: the maps of a target, without boosting, for a video or for unrelated pictures."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from boostvsod.cli.options import device_options, say
from boostvsod.recipe import DEFAULT_TARGET
from boostvsod.runtime import Runtime


@click.command("predict")
@click.argument("source")
@click.option("--target", default=DEFAULT_TARGET, show_default=True, help="NAME, maps:DIR, FILE.onnx or FILE.py:NAME.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--bits", type=click.Choice(["8", "16"]), default="8", show_default=True)
@device_options
def command(source: str, target: str, output: Path, bits: str, runtime: Runtime) -> None:
    """Write a target's maps of SOURCE, a video or a folder of pictures of any sizes, to OUTPUT."""
    say(str(runtime))
    write = _pictures if Path(source).is_dir() else _video
    say(f"wrote {write(source, target, output, int(bits), runtime)} maps to {output}")


def _pictures(folder: str, target: str, output: Path, bits: int, runtime: Runtime) -> int:
    """Predict each picture separately; returns the number of maps.

    The pictures may have different sizes. A target that sees several frames gets the same picture several times.
    """
    from boostvsod.kinds import Window
    from boostvsod.media.images import write_map
    from boostvsod.media.video import Video
    from boostvsod.targets import open_target, predict_windows, prepare

    video = Video.open(folder)
    runtime.apply()
    opened = open_target(target, runtime)
    prepare(opened, video.name, video.given_names)
    for frame in video.unscanned():
        window = Window((frame,) * opened.window, (opened.window - 1) // 2)
        write_map(output / f"{frame.name}.png", predict_windows(opened, [window], f"target {target}")[0], bits)
    return len(video.given_names)


def _video(source: str, target: str, output: Path, bits: int, runtime: Runtime) -> int:
    """Run the recipe `none` in a temporary folder. Returns the number of maps."""
    import tempfile

    from boostvsod.engine import boost
    from boostvsod.media.images import write_map

    with tempfile.TemporaryDirectory() as folder:
        result = boost(source, target, "none", folder, bits=16, **asdict(runtime))
        for name, saliency in zip(result.names, result.maps, strict=True):
            write_map(output / f"{name}.png", saliency, bits)
    return len(result.names)
