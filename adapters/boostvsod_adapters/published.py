"""The facts that are needed to run a published network as its authors do. Cheap to import: no torch here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from boostvsod.offer import Card

if TYPE_CHECKING:
    from torch import Tensor, nn

IMAGENET: dict[str, Any] = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
CAFFE: dict[str, Any] = {"mean": (104.00699, 116.66877, 122.67892), "std": (1.0, 1.0, 1.0), "bgr": True, "white": 255.0}
BAIDU = "Baidu, from the page of the repository"
DRIVE = "Google Drive, from the page of the repository"  # a download from there needs a browser


@dataclass(frozen=True)
class Input:
    """The form in which a network takes pictures: their size, order of channels, and normalisation."""

    size: tuple[int, int] | None  # height, width; None: the picture's own
    mean: tuple[float, ...]
    std: tuple[float, ...]
    bgr: bool = False
    white: float = 1.0  # the value of a white pixel before mean and std
    multiple: int = 1  # both sides must be multiples of this number
    least: int = 0  # the shortest side that the network takes
    by_max: bool = False  # divide by the brightest value of the picture first

    def at(self, height: int, width: int = 0) -> Input:
        """The same form with another size; 0 changes nothing."""
        return replace(self, size=(height, width or height)) if height else self

    def sides(self, height: int, width: int) -> tuple[int, int]:
        """The height and width to which a picture of height x width is resized."""
        unrounded = self.size or (height, width)
        sides = [max(self.least, round(side / self.multiple) * self.multiple, self.multiple) for side in unrounded]
        return sides[0], sides[1]

    def __str__(self) -> str:
        place = f"{self.size[0]} x {self.size[1]}" if self.size else "its own size"
        return f"{place}, {'BGR' if self.bgr else 'RGB'}, white is {self.white:g}"


@dataclass(frozen=True)
class Published:
    """An image network: how to make it, what it takes, and how to read its output."""

    name: str
    summary: str
    card: Card
    input: Input
    logits: Callable[[Any], tuple[Tensor, ...]]  # the network's output -> its logits, those of the final map first
    to_map: Callable[[Any], Tensor] | None = None  # output -> map in [0, 1]; None: the sigmoid of the first logits
    stretch: bool = True  # the authors stretch each map to [0, 1]
    train_size: int = 352
    lr: float = 1e-4
    sgd_lr: float = 1e-3
    half: bool = True  # bf16 changes S by less than 0.002 against float32

    def net(self) -> nn.Module:
        """The network without weights."""
        assert self.card.net is not None, "the card of a published network says how to make it"
        return self.card.net()

    def final_first(self, outputs: Any) -> tuple[Tensor, ...]:
        """All logits, those of the authors' final map first: if it is a mean of maps, they are computed from it."""
        logits = self.logits(outputs)
        if self.to_map is None:
            return logits
        import torch

        return torch.logit(self.to_map(outputs).float(), eps=1e-6), *logits


def first(outputs: Any) -> tuple[Tensor, ...]:
    """The logits of a network that returns one tensor, or several with those of the final map first."""
    return (outputs,) if hasattr(outputs, "shape") else tuple(outputs)
