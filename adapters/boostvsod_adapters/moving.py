"""The target of MGA, which sees a frame and its coloured flow."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from boostvsod import registry
from boostvsod.flow.colour import colour_flow
from boostvsod.flow.tools import check_flow
from boostvsod.kinds import Map, Rgb, Window
from boostvsod.runtime import Runtime
from boostvsod.weights.files import load_weights
from boostvsod_adapters.nets.mga import MGANet
from boostvsod_adapters.published import Input
from boostvsod_adapters.running import to_picture_size, to_tensor


class MovingTarget:
    """MGA. Its window holds the frame and one neighbour on each side, because the last frame's flow goes backwards."""

    window = 3
    batch = 2

    def __init__(self, weights: str, flow: str, form: Input, size: int, runtime: Runtime) -> None:
        net = MGANet()
        load_weights(net, weights)
        self.net, self.runtime = net.to(runtime.device).eval(), runtime
        self.form = form.at(size)
        self.flow = registry.build("flows", flow, runtime)

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        return [self._predict_one(window) for window in windows]

    def _predict_one(self, window: Window) -> Map:
        rgb = window.frame.rgb
        size = self.form.sides(*rgb.shape[:2])
        picture, motion = (to_tensor([x], self.form, size).to(self.runtime.device) for x in (rgb, self._motion(window)))
        with torch.inference_mode(), self.runtime.autocast():
            logits, _ = self.net(picture, motion)
        return to_picture_size(torch.sigmoid(logits.float())[0, 0].cpu().numpy(), rgb, stretch=True)

    def _motion(self, window: Window) -> Rgb:
        """The coloured flow to the next frame, or to the previous frame if there is no next one."""
        frame, before, after = window.frame, window.frames[window.centre - 1], window.frames[window.centre + 1]
        other = before if after.index == frame.index else after
        return colour_flow(check_flow(self.flow.estimate(frame, other), frame.rgb.shape[:2], "flow of mga"))
