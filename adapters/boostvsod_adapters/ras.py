"""RAS: the first version for Caffe, and the authors' two versions for PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Student, Target
from boostvsod.offer import Card, Offer
from boostvsod_adapters import offering
from boostvsod_adapters.published import CAFFE, DRIVE, IMAGENET, Input, Published, first

if TYPE_CHECKING:
    from torch import nn

NEW, OLD = "https://github.com/ShuhanChen/RAS-pytorch", "https://github.com/ShuhanChen/RAS_ECCV18"
NEW_SOURCE = f"{NEW}/tree/67ea6c330e56b218e66e864b7c47d9a55f8c0217"
V1 = Input((352, 352), **IMAGENET)
V2 = Input((352, 352), (124.55, 118.90, 102.94), (56.77, 55.97, 57.50), white=255.0)
VGG = Input(None, **CAFFE)


def v1() -> nn.Module:
    from boostvsod_adapters.nets.ras import RASv1

    return RASv1()


def v2() -> nn.Module:
    from boostvsod_adapters.nets.ras import RASv2

    return RASv2()


def vgg() -> nn.Module:
    from boostvsod_adapters.nets.ras_caffe import RASVGG

    return RASVGG()


PAPER = "Chen et al., TIP 2020", 2020, NEW
LICENCES = "none stated", NEW, f"none stated; {DRIVE}"
NETS = (
    Published(
        "ras-v1",
        "RAS version 1, ResNet-50",
        Card(*PAPER, *LICENCES, "RAS.v1.pth", 24.70, str(V1), trainable=True, source=NEW_SOURCE, net=v1),
        V1,
        first,
        lr=5e-5,
    ),
    Published(
        "ras-v2",
        "RAS version 2, ResNet-50",
        Card(*PAPER, *LICENCES, "RAS.v2.pth", 24.59, str(V2), trainable=True, source=NEW_SOURCE, net=v2),
        V2,
        first,
        sgd_lr=0.005,
    ),
    Published(
        "ras",
        "RAS, VGG-16, as first published",
        Card(
            "Chen et al., ECCV 2018", 2018, OLD, "none stated", OLD, f"none stated; {DRIVE}",
            "ras_iter_10000.caffemodel", 20.23, str(VGG), trainable=True, net=vgg,
            source=f"{OLD}/tree/0d138604e4f294bfa430486208c549305a6f223b",
        ),
        VGG,
        first,
        train_size=300,
        sgd_lr=1e-8 * 300 * 300,
    ),
)  # fmt: skip


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [offering.target(net) for net in NETS]


@hookimpl
def offer_students() -> list[Offer[Student]]:
    return [offering.student(net) for net in NETS]
