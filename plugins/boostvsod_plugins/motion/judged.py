"""Motion saliency of MQPM: a trained network predicts the motion map and the quality of the motion (MQP, Fig. 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Flow, Judged, Map, MotionSaliency, Rgb, Student
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import nn

QUALITY = "Q"  # the name of the feature


class JudgedMotion:
    """Motion saliency with the feature Q in [0, 1]: the probability that the motion shows the object well."""

    def __init__(self, student: Student, runtime: Runtime) -> None:
        self.student, self.runtime = student, runtime
        self.net: nn.Module = student.net.to(runtime.device).eval()

    def saliency(self, rgb: Rgb, flow: Flow) -> Map:
        return self.judge(rgb, flow).map

    def judge(self, rgb: Rgb, flow: Flow) -> Judged:
        import torch

        from boostvsod.flow.tools import colour_at
        from boostvsod.media.maps import resize_map
        from boostvsod.training.students import as_batch

        side = self.student.size
        coloured = as_batch([colour_at(flow, side)], side, side).to(self.runtime.device)
        with torch.inference_mode(), self.runtime.autocast():
            quality, logits = self.net.judge(coloured)  # type: ignore[operator]
        saliency = torch.sigmoid(logits[0].float())[0, 0].cpu().numpy()
        return Judged(resize_map(saliency, *flow.shape[:2]), {QUALITY: round(float(torch.sigmoid(quality[0])), 4)})


def build(runtime: Runtime, net: str = "judge-lite", weights: str = "mqpm-lite") -> MotionSaliency:
    """`net`: a student that can judge motion; `weights`: a file or a bundled name."""
    from boostvsod.registry import build as build_part
    from boostvsod.training.motion_quality import require_judge

    student = build_part("students", net, runtime, weights=weights)
    return JudgedMotion(require_judge(student, f"judged.net={net!r}"), runtime)


@hookimpl
def offer_motion() -> list[Offer[MotionSaliency]]:
    return [Offer("judged", "a trained network on colour-coded flow that also judges the motion (MQPM)", build)]
