"""Features of proposals, a classifier of proposals, and maps inside proposals, for long-term mining (LIM, III, IV)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod import registry
from boostvsod.kinds import Frame, Map, Proposal, Rgb, Student, Target, Window
from boostvsod.media.maps import resize_map, stretched
from boostvsod.recipe import TrainOptions
from boostvsod.runtime import Runtime
from boostvsod.training.loop import Batch, fit
from boostvsod.training.students import as_batch
from boostvsod.weights.backbones import timm_backbone

LEARNING = TrainOptions(optimizer="adam", lr=1e-3, batch=32, weight_decay=1e-4)
HIDDEN = 64
Ints = NDArray[np.intp]


def crop(rgb: Rgb, box: Proposal) -> Rgb:
    """The pixels inside a box."""
    return np.ascontiguousarray(rgb[box.top : box.bottom, box.left : box.right])


def motion_inside(motion: Map, box: Proposal) -> float:
    """PMS of Eq. 8: the mean of the motion map inside a box."""
    return float(motion[box.top : box.bottom, box.left : box.right].mean())


class Features:
    """Computes one deep feature per crop: the output of a backbone's last layer, averaged over the crop."""

    def __init__(self, name: str, pretrained: bool, side: int, runtime: Runtime) -> None:
        self.side, self.runtime = side, runtime
        self.net = backbone(name, pretrained).to(runtime.device).eval()

    def __call__(self, crops: Sequence[Rgb]) -> NDArray[np.float32]:
        """The features of N crops of any sizes, N D."""
        x = as_batch(crops, self.side, self.side).to(self.runtime.device)
        with torch.inference_mode(), self.runtime.autocast():
            deepest = self.net((x - 0.45) / 0.225)[-1]
        pooled: NDArray[np.float32] = deepest.float().mean((2, 3)).cpu().numpy()
        return pooled


def backbone(name: str, pretrained: bool) -> nn.Module:
    """The encoder of the bundled network `lite`, or any timm backbone."""
    if name == "lite":
        encoder: nn.Module = registry.build("students", "lite").net.get_submodule("encoder")
        return encoder
    return timm_backbone(name, pretrained=pretrained)


class Residual(nn.Module):
    """Two fully connected layers and a short cut: a block of ResNet18 for vectors."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.layers(x))


def two_layers(width: int) -> nn.Module:
    """The default: on some hundred proposals of one video it learns in a few steps."""
    return nn.Sequential(nn.Linear(width, HIDDEN), nn.ReLU(), nn.Dropout(0.3), nn.Linear(HIDDEN, 1))


def resnet18(width: int) -> nn.Module:
    """Fully connected layers with the structure of ResNet18 (LIM, V-B): 17 layers in eight blocks, and the last one."""
    blocks = [Residual(HIDDEN) for _ in range(8)]
    return nn.Sequential(nn.Linear(width, HIDDEN), nn.ReLU(), *blocks, nn.Dropout(0.3), nn.Linear(HIDDEN, 1))


HEADS = {"two-layers": two_layers, "resnet18": resnet18}


@dataclass
class BinaryClassifier:
    """Fully connected layers that separate salient features from others (Eq. 9). Each call continues the training."""

    features: NDArray[np.float32]
    epochs: int
    runtime: Runtime
    head: str = "two-layers"

    def __post_init__(self) -> None:
        self.runtime.apply()
        spread = self.features.std(0) + 1e-6
        self.rows = torch.from_numpy((self.features - self.features.mean(0)) / spread)
        width = self.features.shape[1]
        self.student = Student(HEADS[self.head](width), 0)

    def __call__(self, pos: Ints, neg: Ints) -> NDArray[np.float64]:
        """Train on the rows `pos` and `neg`. Returns the probability of every row to be salient."""
        labelled = torch.from_numpy(np.concatenate([pos, neg]))
        labels = torch.cat([torch.ones(len(pos)), torch.zeros(len(neg))])
        steps = -(-self.epochs * len(labelled) // LEARNING.batch)

        def draw(step: int, generator: torch.Generator) -> Batch:
            k = torch.randint(len(labelled), (LEARNING.batch,), generator=generator)
            return self.rows[labelled[k]], labels[k]

        fit(self.student, draw, steps, LEARNING, self.runtime, objective=_cross_entropy)
        with torch.inference_mode():
            probability = torch.sigmoid(self.student.net(self.rows.to(self.runtime.device)))[:, 0]
        return probability.double().cpu().numpy()


def _cross_entropy(net: nn.Module, rows: Tensor, rest: Sequence[Tensor]) -> Tensor:
    return F.binary_cross_entropy_with_logits(net(rows)[:, 0].float(), rest[0])


def paste(refiner: Target, rgb: Rgb, boxes: Sequence[Proposal], how: str) -> Map:
    """FS of Eq. 19: the maps of all boxes, each stretched to [0, 1], joined by `how`: "max" or "mean"."""
    total, count = np.zeros(rgb.shape[:2], np.float32), np.zeros(rgb.shape[:2], np.float32)
    for box, patch in zip(boxes, _patch_maps(refiner, rgb, boxes), strict=True):
        inside = np.s_[box.top : box.bottom, box.left : box.right]
        patch = stretched(patch)
        total[inside] = np.maximum(total[inside], patch) if how == "max" else total[inside] + patch
        count[inside] += 1
    return total if how == "max" else np.asarray(total / np.maximum(count, 1), np.float32)


def _patch_maps(refiner: Target, rgb: Rgb, boxes: Sequence[Proposal]) -> list[Map]:
    """The refiner's map of each box, at the box's size. A target that sees several frames gets repeated crops."""
    frames = [Frame(i, f"box {i}", crop(rgb, box)) for i, box in enumerate(boxes)]
    centre = (refiner.window - 1) // 2
    maps: list[Map] = []
    for start in range(0, len(frames), refiner.batch):
        batch = frames[start : start + refiner.batch]
        maps += refiner.predict([Window((frame,) * refiner.window, centre) for frame in batch])
    return [resize_map(m, *frame.rgb.shape[:2]) for m, frame in zip(maps, frames, strict=True)]
