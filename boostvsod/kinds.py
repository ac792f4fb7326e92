"""What passes between the stages: array conventions, small records, and the protocols plugins fill.

Arrays are numpy at every border. Images are RGB everywhere (BGR lives inside single OpenCV calls).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Rgb = NDArray[np.uint8]  # H W 3
Map = NDArray[np.float32]  # H W, saliency in [0, 1], at the frame's own size
Flow = NDArray[np.float32]  # H W 2, (dx, dy) in pixels, frame t -> t + 1
Maps = Sequence[Map]  # lazy: item i is read when it is asked for


@dataclass(frozen=True)
class Frame:
    """One frame: its place in the whole video, the name its map will carry, its pixels."""

    index: int
    name: str
    rgb: Rgb

    @classmethod
    def of(cls, rgb: Rgb, index: int = 0) -> Frame:
        """A picture that belongs to no video, named by its number."""
        return cls(index, f"{index:05d}", rgb)


@dataclass(frozen=True)
class Window:
    """What a target sees for one prediction: `frames` around `centre`, the ends repeated."""

    frames: tuple[Frame, ...]
    centre: int

    @property
    def frame(self) -> Frame:
        """The frame whose map is wanted."""
        return self.frames[self.centre]


@dataclass(frozen=True)
class Judged:
    """A map, and numbers its maker has to say about the frame: its features, by name."""

    map: Map
    features: Mapping[str, float]


class Frames(Protocol):
    """Frames that are decoded when asked for: a whole video, or one piece of it."""

    def __len__(self) -> int: ...
    def __getitem__(self, i: int, /) -> Frame: ...
    def __iter__(self) -> Iterator[Frame]: ...


@dataclass(frozen=True)
class Evidence:
    """All that a miner may look at: one piece of video, the target's maps and the motion maps.

    `features` holds what the motion's maker said of each frame, where it judges what it sees.
    """

    frames: Frames
    target: Maps
    motion: Maps
    features: Sequence[Mapping[str, float]] = ()


@dataclass(frozen=True)
class Mined:
    """One trusted frame of the piece: its pseudo ground truth, and why it was taken."""

    index: int  # within the piece
    truth: Map
    score: float
    why: str


@dataclass(frozen=True)
class Verdict:
    """What a miner says of one frame: its scores and whether it was mined."""

    mined: bool
    scores: Mapping[str, float]
    why: str


@dataclass(frozen=True)
class Mining:
    """A miner's answer for one piece: the frames to learn from, and a verdict on every frame."""

    mined: tuple[Mined, ...]
    verdicts: tuple[Verdict, ...]


class Target(Protocol):
    """A saliency network somebody wants boosted. It only ever predicts.

    `window` is how many neighbouring frames one prediction looks at (1 for an image network),
    `batch` how many windows it likes to be given at once.
    """

    window: int
    batch: int

    def predict(self, windows: Sequence[Window]) -> Sequence[Map]:
        """One map per window, in order, each of the size of its own frame."""
        ...


@runtime_checkable
class Prepares(Protocol):
    """A target that wants to know the video before its first frame (a folder of maps does)."""

    def prepare(self, video: str, names: Sequence[str]) -> None: ...


@dataclass
class Student:
    """A trainable network: what fine-tuning turns into an expert for one video.

    `net` takes RGB in [0, 1], B 3 S S, does its own normalisation, and returns logits B 1 S S: one
    tensor, or several of which the first is the answer and the others are supervised too. One that sees
    `window` frames at once takes B T 3 S S and returns the logits of all of them, B*T 1 S S.
    `core` is what files of weights are of, where `net` only wraps it.
    `lr` is the rate its authors trained with, for losses that are averaged over pixels: `lr` for Adam
    and its kin, `sgd_lr` for SGD with momentum. Recipes scale them.
    """

    net: torch.nn.Module
    size: int
    lr: float = 1e-3
    sgd_lr: float = 0.05
    origin: str = "untrained"  # where the weights came from, for the records
    window: int = 1
    core: torch.nn.Module | None = None


@runtime_checkable
class Trainable(Protocol):
    """A target that can be fine-tuned hands out a twin: a student with the target's own weights."""

    def twin(self) -> Student: ...


class FlowBackend(Protocol):
    """Optical flow between two frames of the same size.

    Most backends look at the pictures alone; one that reads flow from disk goes by the frames' names.
    """

    def estimate(self, a: Frame, b: Frame) -> Flow: ...


@runtime_checkable
class EstimatesMany(Protocol):
    """A flow backend that is faster on several pairs at once."""

    def estimate_many(self, pairs: Sequence[tuple[Frame, Frame]]) -> Sequence[Flow]: ...


class MotionSaliency(Protocol):
    """What stands out in the motion of one frame."""

    def saliency(self, rgb: Rgb, flow: Flow) -> Map: ...


@runtime_checkable
class JudgesMotion(Protocol):
    """Motion saliency that can also say how good the motion is."""

    def judge(self, rgb: Rgb, flow: Flow) -> Judged: ...


class Miner(Protocol):
    """Chooses the frames to learn from, without ground truth."""

    def mine(self, evidence: Evidence) -> Mining: ...


@runtime_checkable
class MakesTruth(Protocol):
    """A miner that can say what the pseudo ground truth of any frame would be, mined or not."""

    def truth(self, evidence: Evidence, i: int) -> Map: ...


class Densifier(Protocol):
    """Makes pseudo ground truth for frames between the mined ones."""

    def fill(self, frames: Frames, mined: Sequence[Mined], flow: FlowBackend) -> Sequence[Mined]:
        """The mined frames and those filled in, in order."""
        ...


@runtime_checkable
class LearnsToFill(Protocol):
    """A densifier with a network of its own, which can be trained."""

    def student(self) -> Student:
        """The network: what it sees, B C S S, to logits B 1 S S."""
        ...

    def inputs(self, frames: Frames, mined: Sequence[Mined], flow: FlowBackend) -> Iterator[tuple[int, torch.Tensor]]:
        """What the network sees of each frame it would fill, C S S, with the frame's number."""
        ...


@dataclass(frozen=True)
class Proposal:
    """A box that may hold an object: x from `left` up to `right`, y from `top` up to `bottom`."""

    left: int
    top: int
    right: int
    bottom: int
    score: float


class Proposer(Protocol):
    """Finds boxes that may hold objects, the likeliest first."""

    def propose(self, rgb: Rgb, target: Map, motion: Map, most: int) -> Sequence[Proposal]: ...


class Fuser(Protocol):
    """Makes a frame's final map of the target's, the motion's and the student's."""

    def fuse(self, target: Map, motion: Map, student: Map) -> Map: ...


@runtime_checkable
class FusesPictures(Protocol):
    """A fuser that wants to see the frame itself as well."""

    def fuse_picture(self, rgb: Rgb, target: Map, motion: Map, student: Map) -> Map: ...


@dataclass(frozen=True)
class Decision:
    """Which maps one piece of the video got in the end, why, and the features the gate went by."""

    start: int
    stop: int
    choice: str  # "boosted", "blend" or "baseline"
    why: str
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of one piece: the decision, and the verdicts behind it where there are any.

    It is kept for every piece of a video, so it holds no map.
    """

    decision: Decision
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True)
class Result:
    """What `boost` gives back. The maps are read from the run folder when asked for."""

    maps: Maps
    baseline: Maps
    names: tuple[str, ...]
    mined: tuple[int, ...]
    decisions: tuple[Decision, ...]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]
    folder: str
    reused: bool = False  # nothing was computed: the folder already held this very run
    record: Mapping[str, Any] = field(default_factory=dict, repr=False)  # run.json


Progress = Callable[[str, int, int], None]  # stage, done, of how many


def quiet(stage: str, done: int, total: int) -> None:
    """The progress of a caller who does not want to hear of it."""


@dataclass(frozen=True)
class Layout:
    """How one data set lies on disk, and what to know about it."""

    name: str
    title: str
    pictures: tuple[str, ...]  # folders, in lower case, perhaps several deep: "jpegimages/480p"; ".": anywhere
    masks: tuple[str, ...]
    url: str = ""
    note: str = ""
    split: str = ""  # file that lists the sequences to be used
    part: str = ""  # only sequences whose path has this folder
    sequences: int = 0  # how many there should be; 0 if that is not known
