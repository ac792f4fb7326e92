"""`boostvsod predict`: the maps of a target, without boosting, for videos or for unrelated pictures."""

from __future__ import annotations

from functools import partial
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boostvsod.cli.many import each_video, own_part, video_options
from boostvsod.cli.options import device_options, named_parts, overwrite_option, say
from boostvsod.recipe import DEFAULT_TARGET
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from boostvsod.boosting.plan import Plan
    from boostvsod.cli.inputs import Input
    from boostvsod.files import Outputs
    from boostvsod.media.video import Video
    from boostvsod.recipe import Recipe


@click.command("predict")
@click.argument("words", nargs=-1, required=True, metavar="VIDEO...")
@click.option("--target", default=DEFAULT_TARGET, show_default=True, help="NAME, maps:DIR, FILE.onnx or FILE.py:NAME.")
@click.option("--weights", multiple=True, help="FILE of the target's weights.")
@click.option("--set", "settings", multiple=True, help="target.KEY=VALUE, an option of the target; may be repeated.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--bits", type=click.Choice(["8", "16"]), default="8", show_default=True)
@video_options
@overwrite_option
@device_options
def command(
    words: tuple[str, ...],
    weights: tuple[str, ...],
    output: Path,
    runtime: Runtime,
    **options: Any,
) -> None:
    """Write a target's maps of VIDEO, a video or a folder of pictures of any sizes, to OUTPUT.

    Several videos get a folder each in OUTPUT. The same call again computes no video whose maps are there.
    """
    from boostvsod.boosting.plan import find_recipe
    from boostvsod.cli.inputs import find_inputs

    say(str(runtime))
    options["settings"] = (*named_parts(options["target"], None, weights), *options["settings"])
    recipe = find_recipe("none", options["settings"])
    each_video(partial(_predict_one, recipe, options), own_part(find_inputs(words, output), options), runtime, options)


def _predict_one(
    recipe: Recipe, options: dict[str, Any], given: Input, runtime: Runtime, beside_others: bool
) -> dict[str, Any]:
    """Write the maps of one input, unless they are there; returns their number and folder."""
    from boostvsod.boosting.plan import Plan
    from boostvsod.cli.inputs import inputs_of
    from boostvsod.files import Outputs
    from boostvsod.targets import TargetSpec

    target, bits = options["target"], int(options["bits"])
    inputs = inputs_of(given.video, given.word, target, {"settings": options["settings"]})
    outputs = Outputs(given.folder, inputs=inputs, overwrite=options["overwrite"])
    plan = Plan(given.video, TargetSpec.parse(target), recipe, runtime, bits)
    made_of = plan.key  # before the target is built: a target of a Python file is built for its key, and kept
    existing = _first_existing(given.video, given.folder)
    if existing and not options["overwrite"] and outputs.is_current(_maps_of(given.video), made_of):
        count = len(existing)
        say(f"the {count} maps in {given.folder} are those of this call")
    else:
        outputs.check(*existing)
        count = (_pictures if Path(given.word).is_dir() else _video)(plan, outputs)
        say(f"wrote {count} maps to {given.folder}")
    return {"maps": count, "folder": str(given.folder)}


def _pictures(plan: Plan, outputs: Outputs) -> int:
    """Predict each picture separately; returns the number of maps.

    The pictures may have different sizes. A target that sees several frames gets the same picture several times.
    """
    from boostvsod.kinds import Window
    from boostvsod.media.images import write_map
    from boostvsod.targets import predict_windows, prepare

    outputs.check(*_maps_of(plan.video))
    plan.runtime.apply()
    opened = plan.target.build(plan.runtime, plan.recipe.of("target"))
    prepare(opened, plan.video.name, plan.video.given_names)
    for frame in plan.video.unscanned():
        window = Window((frame,) * opened.window, (opened.window - 1) // 2)
        saliency = predict_windows(opened, [window], f"target {plan.target}")[0]
        with outputs.writing(_file_name(frame.name), plan.key) as path:
            write_map(path, saliency, plan.bits)
    return len(plan.video.given_names)


def _video(plan: Plan, outputs: Outputs) -> int:
    """Predict the frames of a video in order. Returns the number of maps."""
    from boostvsod.boosting.predicting import predict_video
    from boostvsod.media.images import write_map

    outputs.check(*_maps_of(plan.video))
    for name, saliency in predict_video(plan.video, plan.target, plan.recipe.of("target"), plan.runtime):
        with outputs.writing(_file_name(name), plan.key) as path:
            write_map(path, saliency, plan.bits)
    return len(plan.video)


def _maps_of(video: Video) -> list[str]:
    """The files of all maps. The frames of a film must be counted for it, those of picture files need not."""
    return list(map(_file_name, video.given_names or video.names))


def _first_existing(video: Video, folder: Path) -> list[str]:
    """The maps that exist, from the first frame on. A film's length is not yet known."""
    names = video.given_names or map(video.name_of, count())
    return list(takewhile(lambda name: (folder / name).exists(), map(_file_name, names)))


def _file_name(frame: str) -> str:
    return f"{frame}.png"
