"""MQPM's networks, which see colour-coded flow: to be trained, and to judge motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student
from boostvsod.offer import Offer

if TYPE_CHECKING:
    from torch import nn

SIZE = 352  # MQP, as CPD


def lite(
    weights: str = "mqpm-lite", localiser: str = "", backbone: str = "slim", width: int = 48, size: int = 320
) -> Student:
    """`weights`: a file, bundled ones, or "none"; `localiser`: those of the locating half alone.

    The bundled ones are of the judging half: the locating half is the bundled `motion-lite`.
    """
    from boostvsod.weights.files import load_weights
    from boostvsod_adapters.lite import SHELF
    from boostvsod_adapters.nets.judge import JudgeLite

    net = JudgeLite(backbone, width)
    if weights == "mqpm-lite":
        localiser = localiser or "motion-lite"
    if not localiser:
        return Student(net, size, origin=load_weights(net, weights, SHELF))
    locating, judging = load_weights(net.locate, localiser, SHELF), load_weights(net.quality, weights, SHELF)
    return Student(net, size, origin=f"locating: {locating}, judging: {judging}")


def cpd(weights: str = "none", size: int = SIZE) -> Student:
    """`weights`: a file, or "none"."""
    from boostvsod_adapters.nets.judge import JudgeCPD

    return _loaded(JudgeCPD(), weights, size)


def vgg(weights: str = "none", size: int = SIZE) -> Student:
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
        Offer("judge-cpd", "MQPM on CPD-VGG, as the authors' code", cpd),
        Offer("judge-vgg", "MQPM on VGG-16 with dilated attention, as the paper", vgg),
    ]
