"""A torch network that boostvsod knows nothing about, as a target. What is assumed of it is logged."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from boostvsod.kinds import Map, Rgb, Window
from boostvsod.media.forms import Flatness, Form, first_output, to_map
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

log = logging.getLogger("boostvsod")


class ModuleTarget:
    """Any network from pictures 1 x 3 x H x W to a map or logits. `who` names it in messages."""

    window = 1
    batch = 1

    def __init__(self, net: nn.Module, runtime: Runtime, who: str) -> None:
        self.net, self.runtime, self.who = net.eval().to(runtime.device), runtime, who
        self.form, self.flatness = Form(), Flatness(who)
        raw = self.raw(self.form.noise())
        self.activation = self.form.activation_for(raw, who)
        seen = f"for noise it gives {raw.min():.3g} to {raw.max():.3g}, so activation is {self.activation}"
        log.warning("%s: assumed: %s; %s", who, self.form, seen)

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self._map(window.frame.rgb) for window in windows]

    def _map(self, rgb: Rgb) -> Map:
        saliency = to_map(self.raw(rgb), rgb, self.activation, self.who)
        if warning := self.flatness.look(saliency):
            log.warning(warning)
        return saliency

    def raw(self, rgb: Rgb) -> np.ndarray:
        """The first output of the network for a picture, as an array."""
        import torch

        x = torch.from_numpy(self.form.picture(rgb)).permute(2, 0, 1)[None].to(self.runtime.device)
        x = x.to(_dtype_of(self.net)).contiguous()
        with torch.inference_mode():
            output: Any = first_output(self.net(x), self.who)
        return output.float().cpu().numpy()  # type: ignore[no-any-return]


def _dtype_of(net: nn.Module) -> Any:
    """The type of the network's weights: a network in half precision takes pictures in half precision."""
    import torch

    return next((p.dtype for p in net.parameters() if p.is_floating_point()), torch.float32)
