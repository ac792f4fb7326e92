"""Scoring folders of maps against a data set, by a named protocol.

Nothing is written. Whatever is left out or resized is reported in the notes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from boostvsod import registry
from boostvsod.datasets.layouts import MASKS_ALONE, Dataset, open_dataset
from boostvsod.datasets.layouts import Sequence as Clip
from boostvsod.datasets.maps import find_maps
from boostvsod.errors import ConfigError, InputError
from boostvsod.flow.tools import at_scale
from boostvsod.kinds import Frame
from boostvsod.media.archive import File, MissingError
from boostvsod.media.images import decode_exactly, decode_rgb
from boostvsod.metrics.scores import KEYS, MEASURED, Averages, Scores
from boostvsod.metrics.stability import decay, flicker
from boostvsod.recipe import Recipe
from boostvsod.workers import spread

IN_TIME = ("J_recall", "J_decay", "F_recall", "F_decay")
MEASURES = tuple(dict.fromkeys((*KEYS, *MEASURED, *IN_TIME)))  # of every sequence
ONE_LEVEL = 1 / 255  # the lowest value above 0 of an 8-bit map


@dataclass(frozen=True)
class Protocol:
    """Which frames count, whether maps are stretched, and how scores are averaged."""

    name: str
    summary: str
    stretch: bool = True  # stretch each map to [0, 1]
    skip_ends: bool = False  # leave out the first and the last frame with truth
    by_sequence: bool = True  # every sequence counts the same; otherwise every frame counts the same
    show: tuple[str, ...] = ("MAE", "maxF", "meanF", "adpF", "S", "maxE", "meanE", "adpE", "wF", "J", "F")


PROTOCOLS = {
    p.name: p
    for p in (
        Protocol("video", "all frames, frame -> sequence -> data set, maps stretched, maximum of the mean curve"),
        Protocol("davsod", "like video, without the first and last frame with truth (DAVSOD's main.m)", skip_ends=True),
        Protocol("flat", "all frames of all sequences alike, maps stretched (pysodmetrics)", by_sequence=False),
        Protocol(
            "davis",
            "J and contour F of maps cut at one half, without first and last frame, frame -> sequence -> data set",
            stretch=False,
            skip_ends=True,
            show=("J", "J_recall", "J_decay", "F", "F_recall", "F_decay"),
        ),
    )
}


def protocol_called(name: str) -> Protocol:
    """The protocol with a name."""
    if name not in PROTOCOLS:
        raise ConfigError(f"protocol {name!r} is unknown; there are: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


@dataclass(frozen=True)
class SequenceScore:
    """The scores of one sequence."""

    name: str
    averages: Averages
    frames: Mapping[str, Mapping[str, float]]  # frame -> measure -> value
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """The scores of one method on one data set."""

    method: str
    dataset: str
    protocol: Protocol
    averages: Averages
    sequences: tuple[SequenceScore, ...]
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """All numbers, overall and per sequence, as JSON values with flat keys."""
        protocol = {"name": self.protocol.name, "summary": self.protocol.summary}
        each = {score.name: _without_nan(score.averages.result()) for score in self.sequences}
        about = {"method": self.method, "dataset": self.dataset, "protocol": protocol, "notes": list(self.notes)}
        return {**about, **_without_nan(self.averages.result()), "sequences": each}


def _without_nan(values: Mapping[str, float]) -> dict[str, float | None]:
    """NaN becomes None, because JSON has no NaN."""
    return {key: None if np.isnan(value) else value for key, value in values.items()}


def evaluate(
    maps: str | Path,
    truth: str | Path | Dataset,
    protocol: str | Protocol = "video",
    *,
    layout: str = "",
    jobs: int = 1,
    allow_missing: bool = False,
    stability: bool = False,
) -> Evaluation:
    """Score the maps of one method.

    `maps` is a folder with one folder per sequence, or a path that contains `{video}`; `truth` is a data set, or a
    folder or zip of one (in the given `layout`; by default it is detected). `jobs` is the number of processes.
    Without `allow_missing`, a frame without a map is an error. With `stability`, the flicker of the maps is measured
    too, along the optical flow between the frames.
    """
    data = truth if isinstance(truth, Dataset) else open_dataset(str(truth), layout, masks_alone=True)
    rules = protocol_called(protocol) if isinstance(protocol, str) else protocol
    where = str(maps)
    options: dict[str, Any] = {"maps": where, "protocol": rules, "allow_missing": allow_missing}
    score = functools.partial(score_sequence, **options, stability=stability)
    clips = [clip for clip in data.sequences if clip.truths]
    if stability and data.layout is MASKS_ALONE:
        raise ConfigError(f"--stability follows the motion of the frames, and {data.where} holds only masks")
    scores = tuple(one for one in spread(score, clips, jobs) if one.frames)
    if not scores:
        raise InputError(f"{where}: there is no map for any of the {len(clips)} sequences of {data.where}")
    notes = [f"{score.name}: {note}" for score in scores for note in score.notes]
    left_out = [clip.name for clip in clips if clip.name not in {score.name for score in scores}]
    notes += [f"sequences without any map, left out: {', '.join(left_out)}"] if left_out else []
    return Evaluation(where, data.where, rules, overall(scores, rules), scores, (*data.notes, *notes))


def overall(scores: Sequence[SequenceScore], protocol: Protocol) -> Averages:
    """The mean over sequences or over frames, depending on the protocol."""
    weights = [1.0 if protocol.by_sequence else len(score.frames) for score in scores]
    return Averages.of([score.averages for score in scores], weights)


def score_sequence(
    clip: Clip, maps: str, protocol: Protocol, allow_missing: bool, stability: bool = False
) -> SequenceScore:
    """Score the maps of one sequence on all frames that have a truth and count, in order."""
    files, notes = _maps_of(clip, maps, allow_missing)
    frames = counted_frames(clip, protocol)
    missing = [name for name in frames if name not in files]
    if missing and not allow_missing:
        raise InputError(
            f"{maps}: {len(missing)} of {len(frames)} frames of {clip.name} have no map, the first is {missing[0]!r}; "
            "--allow-missing scores the other frames"
        )
    notes += [f"{len(missing)} frames without a map, left out"] if missing else []
    score = score_frames(clip, ((name, files[name]) for name in frames if name in files), protocol, notes)
    if not stability:
        return score
    values = {**score.averages.values, "flicker": _flicker_of(clip, files)}
    return replace(score, averages=Averages(values, score.averages.curves))


def _flicker_of(clip: Clip, files: Mapping[str, File]) -> float:
    """The mean flicker over all pairs of neighbouring frames that both have a map. Flow is computed at half size."""
    backend = at_scale(registry.build("flows", Recipe.flow), 0.5)
    values, before = [], None
    for i, file in enumerate(clip.frames):
        now = None
        if file.stem in files:
            rgb = decode_rgb(file.read(), str(file))
            map_ = _at_size(decode_exactly(files[file.stem].read(), str(files[file.stem])), rgb.shape[:2])
            now = Frame.of(rgb, i), map_.astype(np.float32)
        if before is not None and now is not None:
            values.append(flicker(backend, (before[0], now[0]), (before[1], now[1])))
        before = now
    return float(np.nanmean(values)) if values else float("nan")


def counted_frames(clip: Clip, protocol: Protocol) -> list[str]:
    """The names of the frames that have a truth and that the protocol counts."""
    names = [file.stem for file in clip.frames if file.stem in clip.truths]
    return names[1:-1] if protocol.skip_ends else names


def score_frames(
    clip: Clip, maps: Iterable[tuple[str, File]], protocol: Protocol, notes: Sequence[str] = ()
) -> SequenceScore:
    """Score map files, given as pairs of frame name and file."""
    scores, names, resized, empty, dark = Scores(protocol.stretch), [], 0, 0, 0
    for name, file in maps:
        truth, saliency = clip.truth(name), decode_exactly(file.read(), str(file))
        _refuse_turned(file, saliency, truth)
        resized, empty = resized + (saliency.shape != truth.shape), empty + (not truth.any())
        dark += bool(0 < saliency.max() <= ONE_LEVEL)
        scores.step(_at_size(saliency, truth.shape), truth)
        names.append(name)
    notes = [*notes]
    notes += [f"{resized} maps of another size than the truth were resized"] if resized else []
    notes += [f"{empty} frames have an empty truth: there F and wF are 0, S is 1 - mean"] if empty else []
    notes += [f"{dark} maps have no value above 1 of 255; if they are masks of 0 and 1, save them as 0 and 255"] * (
        dark > 0
    )
    averages = Averages({**scores.averages().values, **_in_time(scores)}, scores.averages().curves)
    return SequenceScore(clip.name, averages, dict(zip(names, scores.rows, strict=True)), tuple(notes))


def _refuse_turned(file: File, saliency: np.ndarray, truth: np.ndarray) -> None:
    """Refuse a map that lies on its side: its resized values would mean nothing."""
    if saliency.shape != truth.shape and saliency.shape == truth.shape[::-1]:
        sizes = f"{saliency.shape[1]}x{saliency.shape[0]}, its truth {truth.shape[1]}x{truth.shape[0]}"
        raise InputError(f"{file} is {sizes}; one of them lies on its side (orientation written by a camera?)")


def _in_time(scores: Scores) -> dict[str, float]:
    """Recall (the share of frames above one half) and decay of J and F, as defined by DAVIS."""
    series = {key: [row[key] for row in scores.rows] for key in ("J", "F")}
    recall = {f"{key}_recall": float(np.mean(np.greater(v, 0.5))) if v else np.nan for key, v in series.items()}
    return recall | {f"{key}_decay": decay(values) for key, values in series.items()}


def _maps_of(clip: Clip, maps: str, allow_missing: bool) -> tuple[dict[str, File], list[str]]:
    """The map files of a sequence (name -> file), and notes."""
    try:
        files = {file.stem: file for file in find_maps(maps, clip.name)}
    except MissingError:
        if not allow_missing:
            raise
        files = {}
    surplus = len(set(files) - {file.stem for file in clip.frames})
    return files, [f"{surplus} maps belong to no frame and were not used"] if surplus else []


def _at_size(saliency: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The map at another size, bilinear in both directions, as usual in evaluations."""
    if saliency.shape == shape:
        return saliency
    resized = cv2.resize(saliency, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.clip(resized, 0, 1)
