"""LiteNet, the built-in small saliency network, as a target and as a student.

It can use any timm backbone with the same decoder. Two backbones have bundled weights: `lite`, on EfficientNet-lite0,
is the target, and `lite-slim`, on a slim ResNet, is the student, because it learns faster.
"""

from __future__ import annotations

from pathlib import Path

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student, Target
from boostvsod.offer import Offer, Side, Width
from boostvsod.runtime import Runtime

DECODERS = {"patch-lite": "lite-slim"}  # bundled decoders, and the bundled weights that hold their encoder
LITE0_STEM = "encoder.conv_stem.weight"  # a tensor of lite0 and not of slim
BUNDLED = Path(__file__).parent / "weights"
SIZE = 320  # of a student; trained at 256, but measured to be better at 320 on clips and pictures
TARGET_SIZE = 288  # of a target: 320 takes a third more time


def student(
    weights: str = "lite-slim", backbone: str = "", width: Width = 48, size: Side = SIZE, pretrained: bool = False
) -> Student:
    """`weights`: a file, a bundled name, or "none" for random weights.

    `backbone`: "slim", "lite0" or any timm name; the default is the one of slim and lite0 that the weights fit.
    `pretrained`: start from timm's weights of that backbone, which timm may download.
    """
    from torch import nn

    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.nets.lite import LiteNet

    net = LiteNet(backbone or backbone_of(DECODERS.get(weights, weights)), width, pretrained)
    if weights not in DECODERS:
        return Student(net, size, origin=load_weights(net, weights, BUNDLED))
    base = load_weights(net, DECODERS[weights], BUNDLED)
    decoder = nn.ModuleDict({name: part for name, part in net.named_children() if name != "encoder"})
    return Student(net, size, origin=f"{load_weights(decoder, weights, BUNDLED)} on the encoder of {base}")


def backbone_of(weights: str) -> str:
    """The backbone that weights fit: "lite0" if they hold its first layer, otherwise "slim"."""
    from boostvsod.weights.files import UNTRAINED, find_weights, read_weights

    if weights in UNTRAINED:
        return "slim"
    return "lite0" if LITE0_STEM in read_weights(find_weights(weights, BUNDLED)) else "slim"


def target(
    runtime: Runtime, weights: str = "lite", backbone: str = "", width: Width = 48, size: Side = TARGET_SIZE
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
