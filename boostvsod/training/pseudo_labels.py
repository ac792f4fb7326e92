"""Masks made between given masks, as a data set of their own (RCRNet, IV: m masks in each interval of l frames)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from boostvsod import registry
from boostvsod.datasets.pairs import Pairs
from boostvsod.errors import InputError
from boostvsod.errors.user_code import user_code
from boostvsod.files import Outputs, write_json
from boostvsod.kinds import Map, Rgb
from boostvsod.media.images import write_map, write_png
from boostvsod.runtime import Runtime
from boostvsod.training.clips import LabelProtocol, annotated

DARKEST = 1 / 255  # a mask with low numbers only would be read as a picture of labels
LIST = "labels.json"  # which masks of the new data set were made


@dataclass(frozen=True)
class Labelled:
    """One frame of the new data set."""

    clip: str
    name: str
    rgb: Rgb
    mask: Map
    made: bool


def pseudo_labels(pairs: Pairs, protocol: LabelProtocol, flow: str, runtime: Runtime) -> Iterator[Labelled]:
    """All frames of the clips whose mask is given or made, by the protocol m/l."""
    densifier = protocol.build(runtime) if protocol.made else None
    backend = registry.build("flows", flow, runtime)
    for name, clip in named_clips(pairs).items():
        frames, given = annotated(clip, protocol.every)
        with user_code(f"densifier {protocol.densifier}"):
            filled = densifier.fill(frames, given, backend) if densifier else given
        known = {mined.index for mined in given}
        for mined in filled:
            frame = frames[mined.index]
            yield Labelled(name, frame.name, frame.rgb, mined.truth, mined.index not in known)


def named_clips(pairs: Pairs) -> dict[str, Pairs]:
    """The clips by their names: the folders in which their names differ, without common folders such as frames."""
    clips = pairs.clips()
    paths = [PurePosixPath(clip.pairs[0].clip).parts for clip in clips]
    width = max(map(len, paths))
    columns = [{path[i] if i < len(path) else "" for path in paths} for i in range(width)]
    told = [i for i, column in enumerate(columns) if len(column) > 1] or [max(width - 2, 0)]
    return {
        "-".join(path[i] for i in told if i < len(path)) or "clip": clip
        for path, clip in zip(paths, clips, strict=True)
    }


def write_pseudo_labels(
    pairs: Pairs, protocol: LabelProtocol, flow: str, outputs: Outputs, runtime: Runtime
) -> dict[str, int]:
    """Write CLIP/frames/NAME.png and CLIP/masks/NAME.png. Returns how many masks were given and made."""
    made: dict[str, list[str]] = {}
    count = 0
    for one in pseudo_labels(pairs, protocol, flow, runtime):
        with outputs.writing(f"{one.clip}/frames/{one.name}.png") as path:
            write_png(path, one.rgb)
        with outputs.writing(f"{one.clip}/masks/{one.name}.png") as path:
            write_map(path, np.where(one.mask < DARKEST, np.float32(0), one.mask), 16)
        count += 1
        made.setdefault(one.clip, []).extend([one.name] if one.made else [])
    if not count:
        raise InputError(f"{pairs.source}: no clip has a mask")
    with outputs.writing(LIST) as path:
        write_json(
            path, {"every": protocol.every, "made": protocol.made, "densifier": protocol.densifier, "clips": made}
        )
    new = sum(map(len, made.values()))
    return {"given": count - new, "made": new}
