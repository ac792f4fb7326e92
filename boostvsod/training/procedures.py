"""The training procedures: one function for each kind of network that `boostvsod train` can train.

Each takes a `TrainingJob`, writes weights, card and report beside `job.output`, and returns the seconds and the best
scores on the held-out data, by name. Messages go to `reporter`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from boostvsod.datasets.pairs import Pairs
from boostvsod.recipe import Recipe
from boostvsod.training.clip_tasks import clip_task, gap_task
from boostvsod.training.clips import ALL_MASKS, Clips, LabelProtocol, clips_of, gaps_of, trainable_densifier
from boostvsod.training.job import SILENT, Reporter, TrainingJob
from boostvsod.training.motion_quality import (
    judging_task,
    labelled,
    motion_scores,
    quality_threshold,
    require_judge,
)
from boostvsod.training.samples import Samples
from boostvsod.training.sources import load_sources
from boostvsod.training.tasks import Task, picture_task

Scores = dict[str, float]


@dataclass(frozen=True)
class MotionData:
    """How samples of motion are made.

    The job's sources are clips; `flow` names the backend that computes their flow. `staged` are further folders or
    zips of single pictures with which motion is staged. `stage_flows` names the backends for staged motion, or
    "exact" for the true displacement; by default it is `flow`.
    """

    flow: str = Recipe.flow
    staged: Sequence[str] = ()
    stage_flows: Sequence[str] = ()
    one_way: bool = False  # only the flow to the next frame, as in the papers

    def load(self, job: TrainingJob) -> tuple[list[Samples], Samples]:
        """The training samples of each source, filmed ones first, and the held-out samples."""
        parts, held_out = load_sources(
            job.sources,
            job.validate,
            partial(job.sample_maker(self.flow).filmed, one_way=self.one_way),
            split=job.clips,
        )
        pairs = [job.clips.training(source) for source in self.staged]
        for flow in self.stage_flows or (self.flow,):
            parts += [job.sample_maker(flow).staged(one) for one in pairs]
        return parts, held_out


FILMED = MotionData()


def train_saliency(job: TrainingJob, reporter: Reporter = SILENT) -> Scores:
    """Train a network to predict masks of whole pictures."""
    return _train_on_pictures(job, job.sample_maker().pictures, reporter)


def train_patch(job: TrainingJob, reporter: Reporter = SILENT) -> Scores:
    """Train a network to predict masks of pictures that are cut around their object (LIM, IV-A)."""
    return _train_on_pictures(job, job.sample_maker().patches, reporter)


def _train_on_pictures(job: TrainingJob, make: Callable[[Pairs], Samples], reporter: Reporter) -> Scores:
    parts, held_out = load_sources(job.sources, job.validate, make, split=job.clips)
    student = job.build_student()
    return job.run(student, _picture_task(job, Samples.join(parts), held_out, reporter), reporter)


def train_motion(job: TrainingJob, data: MotionData = FILMED, reporter: Reporter = SILENT) -> Scores:
    """Train a network to predict the mask of what moves from colour-coded flow."""
    parts, held_out = data.load(job)
    student = job.build_student()
    return job.run(student, _picture_task(job, Samples.join(parts), held_out, reporter), reporter)


def train_motion_quality(
    job: TrainingJob, grader: str, theta: str, data: MotionData = FILMED, reporter: Reporter = SILENT
) -> Scores:
    """Train a network to predict the mask of what moves, and how good the motion is (MQP, Eq. 1 to 7).

    The labels of the motion's quality come from `grader`, any student or trainable target for pictures, with the
    weights `theta` (Theta of Eq. 1).
    The threshold lambda is found on the first source.
    """
    student = require_judge(job.build_student(), f"--student {job.student}")
    parts, held_out = data.load(job)
    theta_net = replace(job, student=grader, init=theta, init_partly=False).build_student()
    scores = [motion_scores(part, theta_net, job.runtime) for part in parts]
    threshold = quality_threshold(scores[0])
    reporter.message(_describe_labels(threshold, scores))
    samples = Samples.join(labelled(part, own, threshold) for part, own in zip(parts, scores, strict=True))
    held_out = labelled(held_out, motion_scores(held_out, theta_net, job.runtime), threshold)
    task = _picture_task(job, samples, held_out, reporter)
    return job.run(student, judging_task(task, held_out, job.settings.train, job.runtime), reporter)


def _describe_labels(threshold: float, scores: Sequence[NDArray[np.float64]]) -> str:
    shares = ", ".join(f"{float((own >= threshold).mean()):.2f}" for own in scores)
    return f"quality threshold lambda: {threshold:.3f}; share of good motion in each source: {shares}"


def train_clips(
    job: TrainingJob, protocol: LabelProtocol, flow: str = Recipe.flow, reporter: Reporter = SILENT
) -> Scores:
    """Train a network on clips of which few frames have a mask (RCRNet, protocol m/l).

    The network sees the frames whose mask is given or made. It is evaluated on whole clips.
    """
    student, sample_maker = job.build_student(clips=True), job.sample_maker(flow)
    parts, held_out = load_sources(
        job.sources,
        job.validate,
        lambda pairs: clips_of(pairs, sample_maker, protocol),
        lambda pairs: clips_of(pairs, sample_maker, ALL_MASKS, whole=True),
        job.clips,
        every_frame=True,
    )
    task = clip_task(Clips.join(parts), held_out, student.window, job.settings.train.batch, job.runtime)
    return job.run(student, task, reporter)


def train_densifier(job: TrainingJob, every: int = 5, flow: str = Recipe.flow, reporter: Reporter = SILENT) -> Scores:
    """Train the network of the densifier `job.student` (as RCRNet's pseudo-label generator).

    It learns the mask of the middle one of three labelled frames, `every` frames apart (RCRNet, III-C).
    """
    options = {"weights": job.built_with, "side": job.size, **job.settings.options.get(job.student, {})}
    protocol = LabelProtocol(every, 1, job.student, options)
    job.runtime.apply()  # so that random weights depend on the seed only
    densifier, sample_maker = trainable_densifier(protocol, job.runtime), job.sample_maker(flow)
    parts, held_out = load_sources(
        job.sources,
        job.validate,
        lambda pairs: gaps_of(pairs, densifier, sample_maker, protocol),
        split=job.clips,
        every_frame=True,
    )
    task = gap_task(Samples.join(parts), held_out, job.settings.train.batch, job.runtime)
    return job.run(job.started(densifier.student()), task, reporter)


def _picture_task(job: TrainingJob, samples: Samples, held_out: Samples, reporter: Reporter) -> Task:
    reporter.message(f"{len(samples)} samples to train on, {len(held_out)} held out for validation")
    train, augment = job.settings.train, job.settings.augment
    return picture_task(samples, held_out, train.batch, augment, job.runtime)
