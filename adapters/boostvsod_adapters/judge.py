"""The networks of MQPM as students: they see colour-coded flow, locate the moving object and judge the motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student
from boostvsod.offer import Offer, Side, Width

if TYPE_CHECKING:
    from torch import nn

SIZE = 352  # MQP trains at CPD's size


def lite(
    weights: str = "mqpm-lite", localiser: str = "", backbone: str = "slim", width: Width = 48, size: Side = 320
) -> Student:
    """`weights`: a file, a bundled name, or "none"; `localiser`: weights of the locating half alone.

    The bundled `mqpm-lite` holds the judging half. The bundled `motion-lite` is its locating half.
    """
    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.lite import BUNDLED
    from boostvsod_adapters.nets.judge import JudgeLite

    net = JudgeLite(backbone, width)
    if weights == "mqpm-lite":
        localiser = localiser or "motion-lite"
    if not localiser:
        return Student(net, size, origin=load_weights(net, weights, BUNDLED))
    locating, judging = load_weights(net.locate, localiser, BUNDLED), load_weights(net.quality, weights, BUNDLED)
    return Student(net, size, origin=f"locating: {locating}, judging: {judging}")


def cpd(weights: str = "none", size: Side = SIZE) -> Student:
    """`weights`: a file, or "none"."""
    from boostvsod_adapters.nets.judge import JudgeCPD

    return _loaded(JudgeCPD(), weights, size)


def vgg(weights: str = "none", size: Side = SIZE) -> Student:
    """`weights`: a file, or "none"."""
    from boostvsod_adapters.nets.judge import JudgeVGG

    return _loaded(JudgeVGG(), weights, size)


def _loaded(net: nn.Module, weights: str, size: int) -> Student:
    from boostvsod.weights.files import load_weights

    return Student(net, size, lr=1e-3, origin=load_weights(net, weights))


@hookimpl
def offer_students() -> list[Offer[Student]]:
    return [
        Offer("judge-lite", "MQPM on the built-in small network", lite, weights="bundled"),
        Offer("judge-cpd", "MQPM on CPD-VGG, as in the authors' code", cpd),
        Offer("judge-vgg", "MQPM on VGG-16 with dilated attention, as in the paper", vgg),
    ]
