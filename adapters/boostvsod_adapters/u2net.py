"""U2Net and its small version, U2NetP."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student, Target
from boostvsod.offer import Card, Offer
from boostvsod_adapters import offering
from boostvsod_adapters.published import DRIVE, IMAGENET, Input, Published, first

if TYPE_CHECKING:
    from torch import nn

REPOSITORY = "https://github.com/xuebinqin/U-2-Net"
FORM = Input((320, 320), **IMAGENET, by_max=True)


def make(plan: str) -> nn.Module:
    from boostvsod_adapters.nets.u2net import U2Net

    return U2Net(plan)


def published(name: str, title: str, plan: str, millions: float) -> Published:
    card = Card(
        "Qin et al., Pattern Recognition 2020", 2020, REPOSITORY, "Apache-2.0", REPOSITORY, f"Apache-2.0; {DRIVE}",
        f"{name}.pth", millions, str(FORM), trainable=True, net=partial(make, plan),
        source=f"{REPOSITORY}/tree/ac7e1c817ecab7c7dff5ce6b1abba61cd213ff29",
    )  # fmt: skip
    return Published(name, title, card, FORM, first, train_size=320, lr=1e-3)


NETS = (published("u2net", "U2Net", "large", 44.01), published("u2netp", "U2NetP, the small U2Net", "small", 1.13))


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [offering.target(net) for net in NETS]


@hookimpl
def offer_students() -> list[Offer[Student]]:
    return [offering.student(net) for net in NETS]
