"""`boostvsod demo`: boost a target on a clip that comes with the program, and print scores."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from boostvsod.cli.options import device_options, overwrite_option, say
from boostvsod.recipe import DEFAULT_TARGET
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.files import Outputs
    from boostvsod.kinds import Result
    from boostvsod.media.synthetic import Clip

SAVED = ("maps", "side-by-side", "overlay")
MEASURES = ("MAE", "maxF", "S")
FRAMES, TRUTH = "frames", "truth"  # folders of the clip, beside the maps


@click.command("demo")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("boostvsod-demo"), show_default=True)
@click.option("--target", default=DEFAULT_TARGET, show_default=True)
@click.option("--recipe", default="default", show_default=True)
@click.option("--set", "settings", multiple=True, help="TABLE.KEY=VALUE, changes the recipe.")
@overwrite_option
@device_options
def command(
    output: Path, target: str, recipe: str, settings: tuple[str, ...], overwrite: bool, runtime: Runtime
) -> None:
    """Boost a target on a clip with exact ground truth that comes with the program, and compare. Offline.

    A cut-out photograph of an astronaut moves over a photograph of a pavilion.
    """
    from boostvsod.boosting.outputs import check_places, save
    from boostvsod.boosting.progress import show_progress
    from boostvsod.boosting.report import NAME, write_run_report
    from boostvsod.cli.inputs import inputs_of
    from boostvsod.engine import boost
    from boostvsod.files import Outputs
    from boostvsod.media.photographed import photographed_clip
    from boostvsod.media.video import Video

    say(str(runtime))
    clip, before = photographed_clip(), Outputs(output, overwrite=overwrite)  # the frames are no input yet
    check_places(before, SAVED)
    before.check(NAME)
    for folder in (FRAMES, TRUTH):
        before.check_folder(folder)
    _write_clip(clip, before)
    video = Video.open(output / FRAMES)
    video.name = "demo"
    inputs = inputs_of(video, str(output / FRAMES), target, {"recipe": recipe, "settings": settings})
    outputs = Outputs(output, inputs=inputs, overwrite=overwrite)
    with show_progress("demo") as progress:
        result = boost(video, target, recipe, output, settings=settings, progress=progress, **asdict(runtime))
        save(result, video, SAVED, progress, outputs)
        report = write_run_report(result, video, progress, outputs, truth=clip.truth)
    _print_scores(result, clip)
    say(f"learnt from {len(result.mined)} of {len(clip.frames)} frames; report: {report}")


def _write_clip(clip: Clip, outputs: Outputs) -> None:
    """The frames and their truth, so that other commands can be tried on them."""
    import numpy as np

    from boostvsod.media.images import write_png

    pictures = {FRAMES: clip.frames, TRUTH: np.where(clip.truth, np.uint8(255), np.uint8(0))}
    for folder, images in pictures.items():
        with outputs.replacing(folder) as place:
            for i, image in enumerate(images):
                write_png(place / f"{i:05d}.png", image)


def _print_scores(result: Result, clip: Clip) -> None:
    from boostvsod.metrics.scores import Scores

    click.echo(f"{'':10} " + " ".join(f"{name:>6}" for name in MEASURES))
    for label, maps in (("baseline", result.baseline), ("boosted", result.maps)):
        scores = Scores()
        for saliency, truth in zip(maps, clip.truth, strict=True):
            scores.step(saliency, truth)
        click.echo(f"{label:10} " + " ".join(f"{scores.result()[name]:6.3f}" for name in MEASURES))
