"""Motion saliency by a trained network: any student, which sees colour-coded flow instead of the picture.

All three papers do this with an image saliency network that is fine-tuned on colour-coded flow and masks of the
DAVIS training clips (NR IV-C, MQP, LIM Eq. 6). `boostvsod train motion` trains such weights.
"""

from __future__ import annotations

from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Flow, Map, MotionSaliency, Rgb, Student
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime


class MotionNet:
    """Saliency of the colour-coded flow."""

    def __init__(self, student: Student, runtime: Runtime) -> None:
        self.student, self.runtime = student, runtime

    def saliency(self, rgb: Rgb, flow: Flow) -> Map:
        from boostvsod.flow.tools import colour_at
        from boostvsod.media.maps import resize_map
        from boostvsod.training.students import predict

        saliency = predict(self.student, [colour_at(flow, self.student.size)], self.runtime)[0]
        return resize_map(saliency, *flow.shape[:2])


def build(runtime: Runtime, student: str = "lite", weights: str = "motion-lite") -> MotionSaliency:
    """`student`: the name of the network; `weights`: a file or a bundled name."""
    from boostvsod.registry import build as build_part
    from boostvsod.training.students import for_inference

    network = build_part("students", student, runtime, weights=weights)
    return MotionNet(for_inference(network, runtime), runtime)


@hookimpl
def offer_motion() -> list[Offer[MotionSaliency]]:
    return [Offer("net", "a trained network on colour-coded flow: any student with any weights", build)]
