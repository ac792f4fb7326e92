"""A target's own maps of a video, frame by frame, without boosting. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from boostvsod.boosting.plan import find_recipe
from boostvsod.kinds import Map
from boostvsod.media.video import Piece, Video, VideoInput
from boostvsod.recipe import DEFAULT_TARGET
from boostvsod.runtime import Runtime, decide
from boostvsod.targets import TargetInput, TargetSpec, predict_windows, prepare


def predict(
    video: VideoInput,
    target: TargetInput = DEFAULT_TARGET,
    *,
    settings: Iterable[str] = (),
    device: str = "cpu",
    precision: str = "auto",
    threads: int | None = None,
    seed: int = 0,
) -> Iterator[tuple[str, Map]]:
    """The name and the map of each frame, H x W floats in [0, 1], in order.

    `video` and `target` are those of `boost`; `settings` are options of the target, such as "target.size=320".
    """
    spec, options = TargetSpec.parse(target), find_recipe("none", settings).of("target")
    return predict_video(Video.open(video), spec, options, decide(device, precision, seed, threads))


def predict_video(
    video: Video, spec: TargetSpec, options: dict[str, Any], runtime: Runtime
) -> Iterator[tuple[str, Map]]:
    """Like `predict`, for what was opened before."""
    runtime.apply()
    target, who = spec.build(runtime, options), f"target {spec}"
    prepare(target, video.name, video.names)
    batches = [
        (piece, range(start, min(start + target.batch, len(piece))))
        for piece in video.pieces(len(video))
        for start in range(0, len(piece), target.batch)
    ]

    def of_batch(batch: tuple[Piece, range]) -> list[tuple[str, Map]]:
        piece, numbers = batch
        maps = predict_windows(target, [piece.window(i, target.window) for i in numbers], who)
        return [(piece.names[i], saliency) for i, saliency in zip(numbers, maps, strict=True)]

    for named in runtime.mapper(target)(of_batch, batches):
        yield from named
