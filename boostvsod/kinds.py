"""The types that the stages exchange: arrays, small records, and the protocols that plugins implement.

Arrays between stages are numpy arrays. Pictures are RGB everywhere (BGR exists only inside single OpenCV calls).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from boostvsod.errors.renamed import old_names

if TYPE_CHECKING:
    import torch

Rgb = NDArray[np.uint8]  # a picture, H x W x 3
Map = NDArray[np.float32]  # saliency in [0, 1], H x W, at the size of the frame
Flow = NDArray[np.float32]  # H x W x 2, (dx, dy) in pixels, from frame t to t + 1
View = tuple[Rgb, Flow]  # a frame and a flow of it
Maps = Sequence[Map]  # may be lazy: item i is read on access


@dataclass(frozen=True)
class Frame:
    """One frame: its number in the whole video, its name (which its map gets too), its pixels, which are read-only.

    A model that changes pixels in place changes a copy: `frame.rgb.copy()`.
    """

    index: int
    name: str
    rgb: Rgb

    def __post_init__(self) -> None:
        pixels = self.rgb.view()
        pixels.flags.writeable = False
        object.__setattr__(self, "rgb", pixels)

    @classmethod
    def of(cls, rgb: Rgb, index: int = 0) -> Frame:
        """A frame from a single picture, named by its number."""
        return cls(index, f"{index:05d}", rgb)


@dataclass(frozen=True)
class Window:
    """The input of one prediction: the frame at position `centre`, with its neighbours; ends are repeated."""

    frames: tuple[Frame, ...]
    centre: int

    @property
    def frame(self) -> Frame:
        """The frame that the predicted map belongs to."""
        return self.frames[self.centre]


@dataclass(frozen=True)
class Judged:
    """A map, and numbers that describe how good it is: features, by name."""

    map: Map
    features: Mapping[str, float]


class Frames(Protocol):
    """The frames of a video or of a piece of one, decoded on access."""

    def __len__(self) -> int: ...
    def __getitem__(self, i: int, /) -> Frame: ...
    def __iter__(self) -> Iterator[Frame]: ...


@dataclass(frozen=True)
class Evidence:
    """The input of a miner: the frames of one piece, the target's maps and the motion maps.

    `features` holds the features of each frame's motion map, if the motion saliency judges its maps.
    """

    frames: Frames
    target: Maps
    motion: Maps
    features: Sequence[Mapping[str, float]] = ()


@dataclass(frozen=True)
class Mined:
    """One mined frame of the piece: its pseudo ground truth, and the reason why it was chosen."""

    index: int  # within the piece
    truth: Map
    score: float
    why: str


@dataclass(frozen=True)
class Verdict:
    """A miner's result for one frame: whether it was mined, its scores, and the reason."""

    mined: bool
    scores: Mapping[str, float]
    why: str


@dataclass(frozen=True)
class Mining:
    """A miner's result for one piece: the frames to learn from, and a verdict on every frame."""

    mined: tuple[Mined, ...]
    verdicts: tuple[Verdict, ...]


class Target(Protocol):
    """A saliency network whose maps are to be boosted. It only predicts.

    `window` is the number of frames that one prediction needs (1 for an image network). `batch` is the number of
    windows that one call to `predict` gets, at most.
    """

    window: int
    batch: int

    def predict(self, windows: Sequence[Window]) -> Sequence[Map]:
        """One map per window, in order, each of the size of its frame."""
        ...


@runtime_checkable
class Prepares(Protocol):
    """A target that needs the name of the video and of its frames before the first prediction, as `maps` does."""

    def prepare(self, video: str, names: Sequence[str]) -> None: ...


@dataclass
class Student:
    """A trainable network, which is fine-tuned to one video.

    `net` takes RGB in [0, 1], B x 3 x S x S, normalises it itself, and returns logits B x 1 x S x S. It may return
    several tensors; then the first is the result, and the others are supervised too. A network that takes `window`
    frames at once gets B x T x 3 x S x S and returns the logits of all frames, B*T x 1 x S x S.
    `core` is the network that files of weights belong to, if `net` only wraps it.
    `lr` and `sgd_lr` are the learning rates its authors trained with, for losses averaged over pixels: `lr` for
    Adam and similar optimisers, `sgd_lr` for SGD with momentum. Recipes scale them.
    """

    net: torch.nn.Module
    size: int
    lr: float = 1e-3
    sgd_lr: float = 0.05
    origin: str = "untrained"  # where the weights come from, for the records
    window: int = 1
    core: torch.nn.Module | None = None


@runtime_checkable
class Trainable(Protocol):
    """A target that can be fine-tuned: `twin` returns a student with the target's own weights."""

    def twin(self) -> Student: ...


class FlowBackend(Protocol):
    """Optical flow between two frames of the same size.

    Most backends use the pictures only. A backend that reads flow from disk uses the names of the frames.
    """

    def estimate(self, a: Frame, b: Frame) -> Flow: ...


@runtime_checkable
class EstimatesMany(Protocol):
    """A flow backend that is faster when it gets several pairs at once."""

    def estimate_many(self, pairs: Sequence[tuple[Frame, Frame]]) -> Sequence[Flow]: ...


class MotionSaliency(Protocol):
    """Motion saliency: a map of what moves differently from its surroundings, from one frame and its flow."""

    def saliency(self, rgb: Rgb, flow: Flow) -> Map: ...


@runtime_checkable
class JudgesMotion(Protocol):
    """Motion saliency that also returns features: numbers that describe how good the map is."""

    def judge(self, rgb: Rgb, flow: Flow) -> Judged: ...


@runtime_checkable
class SeesViews(Protocol):
    """Motion saliency that takes several views in one call: frames of one size, each with a flow."""

    def saliencies(self, views: Sequence[View]) -> Sequence[Map]: ...


class Miner(Protocol):
    """Chooses the frames to learn from, without using ground truth."""

    def mine(self, evidence: Evidence) -> Mining: ...


@runtime_checkable
class MakesTruth(Protocol):
    """A miner that can make the pseudo ground truth of any frame, mined or not."""

    def truth(self, evidence: Evidence, i: int) -> Map: ...


@runtime_checkable
class TimesSteps(Protocol):
    """A miner that measures its own steps: name of the step -> seconds, of the piece that was mined last."""

    seconds: Mapping[str, float]


class Densifier(Protocol):
    """Makes pseudo ground truth for frames between the mined ones."""

    def fill(self, frames: Frames, mined: Sequence[Mined], flow: FlowBackend) -> Sequence[Mined]:
        """The mined frames and the filled frames, in order."""
        ...


@runtime_checkable
class LearnsToFill(Protocol):
    """A densifier with its own network, which can be trained."""

    def student(self) -> Student:
        """The network, from inputs B x C x S x S to logits B x 1 x S x S."""
        ...

    def inputs(self, frames: Frames, mined: Sequence[Mined], flow: FlowBackend) -> Iterator[tuple[int, torch.Tensor]]:
        """For each frame to fill, its number and the input of the network, C x S x S."""
        ...


@dataclass(frozen=True)
class Proposal:
    """A box that may contain an object: left <= x < right, top <= y < bottom, in pixels."""

    left: int
    top: int
    right: int
    bottom: int
    score: float


class Proposer(Protocol):
    """Finds boxes that may contain objects, the most likely first, at most `most`."""

    def propose(self, rgb: Rgb, target: Map, motion: Map, most: int) -> Sequence[Proposal]: ...


class Fuser(Protocol):
    """Combines the target's map, the motion map and the student's map of a frame into its final map."""

    def fuse(self, target: Map, motion: Map, student: Map) -> Map: ...


@runtime_checkable
class FusesPictures(Protocol):
    """A fuser that also uses the frame itself."""

    def fuse_picture(self, rgb: Rgb, target: Map, motion: Map, student: Map) -> Map: ...


@dataclass(frozen=True)
class Decision:
    """Which maps were chosen for one piece of the video, the reason, and the features that the gate used."""

    start: int
    stop: int
    choice: str  # "boosted" or "baseline"
    why: str
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """The outcome for one piece: the decision, and the miner's verdicts if there was mining.

    It stays in memory for every piece of a video, so it contains no map.
    """

    decision: Decision
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True)
class Result:
    """The result of `boost`. The maps are read from the run folder on access."""

    maps: Maps
    baseline: Maps
    names: tuple[str, ...]
    mined: tuple[int, ...]
    decisions: tuple[Decision, ...]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]
    folder: str
    reused: bool = False  # nothing was computed: the folder already contained exactly this run
    record: Mapping[str, Any] = field(default_factory=dict, repr=False)  # run.json


Progress = Callable[[str, int, int], None]  # stage, steps done, steps in total


def quiet(stage: str, done: int, total: int) -> None:
    """A progress callback that shows nothing."""


@dataclass(frozen=True)
class Layout:
    """How the files of one data set are arranged on disk, and facts about the data set."""

    name: str
    title: str
    pictures: tuple[str, ...]  # folders in lower case, also nested ones ("jpegimages/480p"); ".": any folder
    masks: tuple[str, ...]
    url: str = ""
    note: str = ""
    split: str = ""  # the file that lists the sequences to use
    part: str = ""  # use only sequences whose path contains this folder
    sequences: int = 0  # the number of sequences of the complete data set; 0 if unknown
    without: tuple[str, ...] = ()  # sequences that are left out
    test: bool = False  # a set for evaluation: training on its sequences is refused unless it is forced


__getattr__ = old_names(
    __name__,
    {
        "check_flow": ("boostvsod.flow.tools.check_flow", "0.3"),
        "check_map": ("boostvsod.media.maps.check_map", "0.3"),
    },
)
