"""`boostvsod flow`: the optical flow of videos, as files and as a preview clip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.options import DEFAULT_FLOW, Number, device_options, overwrite_option, say
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.files import Outputs
    from boostvsod.kinds import FlowBackend
    from boostvsod.media.video import Video

PREVIEW = "preview.mp4"
SCALE = Number(float, 0.05, 4)


@click.command("flow")
@click.argument("words", nargs=-1, required=True, metavar="VIDEO...")
@click.option("--flow", "name", default=DEFAULT_FLOW, show_default=True, help="Name of the flow backend.")
@click.option("--set", "settings", multiple=True, help="BACKEND.KEY=VALUE, as in raft-small.weights=FILE.")
@click.option(
    "--scale",
    type=Number(float, 0.05, 4),
    default=1.0,
    show_default=True,
    help="Scale of the input pictures; the flow has full size.",
)
@click.option("--format", "kind", type=click.Choice(["flo", "png", "npy"]), default="flo", show_default=True)
@click.option("--both", is_flag=True, help="Also write the flow from each frame to the one before: NAME.back.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@overwrite_option
@device_options
def command(words: tuple[str, ...], output: Path, overwrite: bool, runtime: Runtime, **options: Any) -> None:
    """Write the flow from each frame of VIDEO to the next into OUTPUT, and preview.mp4 in Middlebury colours.

    The last frame of a shot only has the flow to the frame before it, NAME.back. Several videos get a folder each.
    """
    from boostvsod import registry
    from boostvsod.cli.inputs import find_inputs, paths_in
    from boostvsod.files import Outputs
    from boostvsod.flow.tools import at_scale
    from boostvsod.recipe import Recipe

    say(str(runtime))
    runtime.apply()
    name, settings = options["name"], options["settings"]
    recipe = Recipe("flow", flow=name).with_settings(settings)
    backend = at_scale(registry.build("flows", name, runtime, **recipe.of(name)), options["scale"])
    files = [setting.partition("=")[2] for setting in settings]
    jobs = []
    for given in find_inputs(words, output):
        inputs = [*given.video.files, *paths_in([given.word, *files], folders=False)]
        outputs = Outputs(given.folder, inputs=inputs, overwrite=overwrite)
        outputs.check(PREVIEW, *(f"{file}.{options['kind']}" for file in _file_names(given.video, options["both"])))
        jobs.append((given.video, outputs))
    for video, outputs in jobs:
        _write_flow(video, backend, outputs, options)
        say(f"wrote the flow of {len(video)} frames to {outputs.folder}")


def _write_flow(video: Video, backend: FlowBackend, outputs: Outputs, options: dict[str, Any]) -> None:
    from boostvsod.boosting.progress import show_progress
    from boostvsod.errors.user_code import user_code
    from boostvsod.flow.colour import colour_flow
    from boostvsod.flow.files import file_name, write_flow
    from boostvsod.flow.tools import check_flow
    from boostvsod.media.films import film_writer

    who = f"flow {options['name']}"
    with (
        show_progress(video.name) as progress,
        outputs.writing(PREVIEW) as preview,
        film_writer(preview, video.fps) as write_frame,
    ):
        for piece in video.pieces(len(video)):
            for i, frame in enumerate(piece):
                for k, partner in enumerate(piece.partners(i, 2 if options["both"] else 1)):
                    with user_code(who, frame.name):
                        flow = backend.estimate(frame, partner)
                    check_flow(flow, video.shape, who)
                    with outputs.writing(f"{file_name(frame, partner)}.{options['kind']}") as path:
                        write_flow(path, flow)
                    if k == 0:
                        write_frame(colour_flow(flow))
                progress("flow", frame.index + 1, len(video))


def _file_names(video: Video, both: bool) -> list[str]:
    """The names, without suffix, of the flow files of a video."""
    from boostvsod.errors import InputError

    names = []
    for start, stop in video.shots():
        shot = [video.name_of(i) for i in range(start, stop)]
        names += shot[:-1]
        names += [f"{name}.back" for name in (shot[1:] if both else shot[1:][-1:])]
    if not names:
        raise InputError(f"{video.where}: flow needs two frames of one shot, and there are none")
    return names
