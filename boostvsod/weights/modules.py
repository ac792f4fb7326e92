"""A torch network that boostvsod knows nothing about, as a target. What is assumed of it is logged."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from boostvsod.kinds import Rgb
from boostvsod.media.forms import Form, NetTarget, chosen_output
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

log = logging.getLogger("boostvsod")


class ModuleTarget(NetTarget):
    """Any network from pictures 1 x 3 x H x W to a map or logits. `who` names it in messages."""

    def __init__(self, net: nn.Module, runtime: Runtime, who: str, form: Form | None = None) -> None:
        self.net, self.runtime = net.eval().to(runtime.device), runtime
        super().__init__(form or Form(), who)
        log.warning("%s: assumed: %s; %s", who, self.form, self.seen)

    def raw(self, rgb: Rgb) -> np.ndarray:
        """The chosen output of the network for a picture, as an array."""
        import torch

        x = torch.from_numpy(self.form.picture(rgb)).permute(2, 0, 1)[None].to(self.runtime.device)
        x = x.to(_dtype_of(self.net)).contiguous()
        with torch.inference_mode():
            output: Any = chosen_output(self.net(x), self.form.output, self.who)
        return (output if output.dtype == torch.uint8 else output.float()).cpu().numpy()  # type: ignore[no-any-return]


def _dtype_of(net: nn.Module) -> Any:
    """The type of the network's weights: a network in half precision takes pictures in half precision."""
    import torch

    return next((p.dtype for p in net.parameters() if p.is_floating_point()), torch.float32)
