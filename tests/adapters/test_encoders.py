"""The built-in encoders compute what timm's encoders of the same name compute, bit by bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from boostvsod.weights.backbones import timm_backbone
from boostvsod_adapters.nets.encoders import SLIM_CHANNELS, EfficientNetLite0, SlimResNet

SLIM = {"channels": SLIM_CHANNELS, "stem_width": 16, "stem_type": "deep"}


@pytest.mark.parametrize("channels", [3, 6])
@pytest.mark.parametrize(
    ("own", "name", "options"),
    [(SlimResNet, "resnet18", SLIM), (EfficientNetLite0, "efficientnet_lite0", {"bn_eps": 1e-3})],
)
def test_an_encoder_equals_that_of_timm(
    own: type[nn.Module], name: str, options: dict[str, Any], channels: int
) -> None:
    torch.manual_seed(0)
    theirs = timm_backbone(name, pretrained=False, in_chans=channels, **options).eval()
    for part in theirs.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            nn.init.normal_(part.running_mean, std=0.1)
            nn.init.uniform_(part.running_var, 0.5, 2)
    ours = own(channels).eval()
    ours.load_state_dict(theirs.state_dict())
    picture = torch.rand(2, channels, 64, 96)
    with torch.inference_mode():
        expected, found = theirs(picture)[1:], ours(picture)  # timm also returns the features of stride 2
    assert len(found) == 4
    assert all(map(torch.equal, found, expected))
