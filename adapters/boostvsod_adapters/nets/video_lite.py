"""TwoStream: a small saliency network for a frame and its optical flow.

Written for boostvsod (Apache-2.0). The appearance stream is EfficientNet-lite0 (Tan and Le, 2019), the motion stream
the slim ResNet of `lite`. Their features are joined at every level, before the decoder of `lite`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from boostvsod_adapters.nets.lite import Pyramid, make_encoder, normalised

CHANNELS = 9  # the frame, and the two pictures of its flow


class TwoStream(Pyramid):
    """B 9 H W in [0, 1] -> logits B 1 H W. The channels are RGB and the pictures of `boostvsod.flow.pictures`."""

    def __init__(self, backbone: str = "lite0", motion: str = "slim", width: int = 48) -> None:
        super().__init__()
        self.encoder, self.used, shown = make_encoder(backbone)
        self.motion, self.moved, moving = make_encoder(motion, CHANNELS - 3)
        self.build_decoder([a + b for a, b in zip(shown, moving, strict=True)], width)

    def features(self, x: Tensor) -> list[Tensor]:
        shown, moving = (net(normalised(part)) for net, part in ((self.encoder, x[:, :3]), (self.motion, x[:, 3:])))
        return [torch.cat([shown[i], moving[j]], 1) for i, j in zip(self.used, self.moved, strict=True)]
