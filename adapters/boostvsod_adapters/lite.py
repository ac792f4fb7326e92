"""LiteNet, the built-in small saliency network, as a target and as a student.

`lite` can use any timm backbone with the same decoder. The bundled weights fit the default backbone only.
"""

from __future__ import annotations

from pathlib import Path

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student, Target
from boostvsod.offer import Offer, Side, Width
from boostvsod.runtime import Runtime

DECODERS = {"patch-lite": "lite"}  # bundled decoders, and the bundled weights that hold their encoder
BUNDLED = Path(__file__).parent / "weights"
SIZE = 320  # of a student; trained at 256, but measured to be better at 320 on clips and pictures
TARGET_SIZE = 288  # of a target: takes a fifth less time than 320, with S .813 instead of .816


def student(
    weights: str = "lite", backbone: str = "slim", width: Width = 48, size: Side = SIZE, pretrained: bool = False
) -> Student:
    """`weights`: a file, a bundled name, or "none" for random weights.

    `backbone`: "slim" or any timm name; `pretrained`: start from timm's weights of that backbone, which timm
    may download.
    """
    from torch import nn

    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.lite import LiteNet

    net = LiteNet(backbone, width, pretrained)
    if weights not in DECODERS:
        return Student(net, size, origin=load_weights(net, weights, BUNDLED))
    base = load_weights(net, DECODERS[weights], BUNDLED)
    decoder = nn.ModuleDict({name: part for name, part in net.named_children() if name != "encoder"})
    return Student(net, size, origin=f"{load_weights(decoder, weights, BUNDLED)} on the encoder of {base}")


def target(
    runtime: Runtime, weights: str = "lite", backbone: str = "slim", width: Width = 48, size: Side = TARGET_SIZE
) -> Target:
    """The same network as a target. It sees pictures of about `size` x `size` pixels."""
    from boostvsod.training.students import StudentTarget

    return StudentTarget(student(weights, backbone, width), runtime, size)


@hookimpl
def offer_students() -> list[Offer[Student]]:
    return [Offer("lite", "small encoder-decoder on any timm backbone", student, weights="bundled")]


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("lite", "the built-in small saliency network", target, weights="bundled")]
