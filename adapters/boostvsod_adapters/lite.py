"""LiteNet: the built-in small saliency network, as target and as student.

`lite` offers any timm backbone under the same decoder; the bundled weights fit the default one.
"""

from __future__ import annotations

from pathlib import Path

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student, Target
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

DECODERS = {"patch-lite": "lite"}  # bundled decoders, and whose encoder they stand on
SHELF = Path(__file__).parent / "weights"
SIZE = 320  # trained at 256: measured on clips and pictures, both it and its kin see more at 320
ALONE = 288  # as a target: a fifth of the time less, and S .813 instead of .816


def student(
    weights: str = "lite", backbone: str = "slim", width: int = 48, size: int = SIZE, pretrained: bool = False
) -> Student:
    """`weights`: a file, the name of bundled ones, or "none" for random ones.

    `backbone`: "slim" or any timm name; `pretrained` asks timm for that backbone's own weights, which
    may download them.
    """
    from torch import nn

    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.lite import LiteNet

    net = LiteNet(backbone, width, pretrained)
    if weights not in DECODERS:
        return Student(net, size, origin=load_weights(net, weights, SHELF))
    base = load_weights(net, DECODERS[weights], SHELF)
    decoder = nn.ModuleDict({name: part for name, part in net.named_children() if name != "encoder"})
    return Student(net, size, origin=f"{load_weights(decoder, weights, SHELF)} on the encoder of {base}")


def target(
    runtime: Runtime, weights: str = "lite", backbone: str = "slim", width: int = 48, size: int = ALONE
) -> Target:
    """The same network, predicting alone, on pictures of about `size` x `size` pixels."""
    from boostvsod.training.students import StudentTarget

    return StudentTarget(student(weights, backbone, width), runtime, size)


@hookimpl
def offer_students() -> list[Offer[Student]]:
    return [Offer("lite", "small encoder-decoder on any timm backbone", student, weights="bundled")]


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("lite", "the built-in small saliency network", target, weights="bundled")]
