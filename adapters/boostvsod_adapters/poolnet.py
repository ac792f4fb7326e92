"""PoolNet on ResNet-50 and on VGG-16, each trained with and without edges."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student, Target
from boostvsod.offer import Card, Offer
from boostvsod_adapters import offering
from boostvsod_adapters.published import CAFFE, DRIVE, Input, Published, first

if TYPE_CHECKING:
    from torch import nn

REPOSITORY = "https://github.com/backseason/PoolNet"
SOURCE = f"{REPOSITORY}/tree/16b77d9e9f85bbd862d2f9be43d9d6f2eb9c8e95"
FORM = Input(None, **CAFFE, least=128)


def make(resnet: bool, edge: bool) -> nn.Module:
    from boostvsod_adapters.nets.poolnet import PoolNet, PoolNetEdge

    return (PoolNetEdge if edge else PoolNet)(resnet)


def published(name: str, resnet: bool, edge: bool, millions: float) -> Published:
    title = f"PoolNet, {'ResNet-50' if resnet else 'VGG-16'}{', trained with edges' if edge else ''}"
    card = Card(
        "Liu et al., CVPR 2019", 2019, REPOSITORY, "MIT", REPOSITORY, f"none stated; {DRIVE}", "final.pth", millions,
        str(FORM), trainable=True, source=SOURCE, net=partial(make, resnet, edge),
    )  # fmt: skip
    lr, half = (5e-5 if resnet else 1e-4), not (resnet and edge)
    return Published(name, title, card, FORM, first, stretch=False, train_size=320, lr=lr, half=half)


POOLNETS = (
    published("poolnet", True, False, 68.26),
    published("poolnet-edge", True, True, 69.56),
    published("poolnet-vgg", False, False, 52.51),
    published("poolnet-vgg-edge", False, True, 53.63),
)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [offering.target(poolnet) for poolnet in POOLNETS]


@hookimpl
def offer_students() -> list[Offer[Student]]:
    return [offering.student(poolnet) for poolnet in POOLNETS]
