"""What one must know of a published network to run it as its authors do. Cheap to import: no torch here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from boostvsod.kinds import Student, Target
from boostvsod.offer import Card, Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import Tensor, nn

IMAGENET: dict[str, Any] = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
CAFFE: dict[str, Any] = {"mean": (104.00699, 116.66877, 122.67892), "std": (1.0, 1.0, 1.0), "bgr": True, "top": 255.0}
BAIDU = "Baidu, from the page of the repository"
DRIVE = "Google Drive, from the page of the repository"  # nobody can fetch from there without a browser


@dataclass(frozen=True)
class Input:
    """How a picture becomes what a network eats: resized, in its colours, normalised."""

    size: tuple[int, int] | None  # height, width; None: the picture's own
    mean: tuple[float, ...]
    std: tuple[float, ...]
    bgr: bool = False
    top: float = 1.0  # what white is
    multiple: int = 1  # of which the sides must be
    least: int = 0
    by_max: bool = False  # the brightest value of the picture counts as white

    def at(self, height: int, width: int = 0) -> Input:
        """The same for pictures brought to another size; 0 keeps it."""
        return replace(self, size=(height, width or height)) if height else self

    def sides(self, height: int, width: int) -> tuple[int, int]:
        """The size a picture is brought to."""
        wanted = self.size or (height, width)
        sides = [max(self.least, round(side / self.multiple) * self.multiple, self.multiple) for side in wanted]
        return sides[0], sides[1]

    def __str__(self) -> str:
        place = f"{self.size[0]} x {self.size[1]}" if self.size else "its own size"
        return f"{place}, {'BGR' if self.bgr else 'RGB'}, white is {self.top:g}"


@dataclass(frozen=True)
class Published:
    """An image network: how it is made, fed and read."""

    name: str
    summary: str
    card: Card
    input: Input
    logits: Callable[[Any], tuple[Tensor, ...]]  # of what the network returns, the answer first
    answer: Callable[[Any], Tensor] | None = None  # the map in [0, 1], where it is not the first logits' sigmoid
    stretch: bool = True  # whether the authors stretch each map to [0, 1]
    train_size: int = 352
    lr: float = 1e-4
    sgd_lr: float = 1e-3
    half: bool = True  # whether bf16 leaves S within 0.002 of what float32 gives

    def net(self) -> nn.Module:
        assert self.card.net is not None, "a published network can always be made"
        return self.card.net()

    def build_target(self, runtime: Runtime, weights: str = "", size: int = 0) -> Target:
        """`weights`: a file, or nothing for those kept under the network's name; `size`: instead of the authors'."""
        from boostvsod_adapters.running import ImageTarget

        return ImageTarget(self, runtime, weights or self.name, size)

    def build_student(self, weights: str = "", size: int = 0) -> Student:
        """The same network, to be trained."""
        from boostvsod_adapters.running import student_of

        return student_of(self, weights or self.name, size)

    def target(self) -> Offer[Target]:
        return Offer(self.name, self.summary, self.build_target, f"{self.card.weights_licence} (weights)", self.card)

    def student(self) -> Offer[Student]:
        return Offer(self.name, self.summary, self.build_student, f"{self.card.weights_licence} (weights)", self.card)


def first(outputs: Any) -> tuple[Tensor, ...]:
    """Logits of a network that returns them finest first."""
    return (outputs,) if hasattr(outputs, "shape") else tuple(outputs)
