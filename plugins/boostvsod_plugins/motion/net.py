"""Motion saliency by a trained network: any student, which sees colour-coded flow instead of the picture.

All three papers do this with an image saliency network that is fine-tuned on colour-coded flow and masks of the
DAVIS training clips (NR IV-C, MQP, LIM Eq. 6). `boostvsod train motion` trains such weights.
"""

from __future__ import annotations

from boostvsod.errors import ConfigError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Flow, Map, MotionSaliency, Rgb, Student
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

OUTPUTS = ("final", "mean")


class MotionNet:
    """Saliency of the colour-coded flow: the network's final map, or the mean of all its outputs (NR Eq. 5)."""

    def __init__(self, student: Student, mean: bool, runtime: Runtime) -> None:
        self.student, self.mean, self.runtime = student, mean, runtime

    def saliency(self, rgb: Rgb, flow: Flow) -> Map:
        from boostvsod.flow.tools import colour_at
        from boostvsod.media.maps import resize_map
        from boostvsod.training.students import predict, predict_mean

        answer = predict_mean if self.mean else predict
        (saliency,) = answer(self.student, [colour_at(flow, self.student.size)], self.runtime)
        return resize_map(saliency, *flow.shape[:2])


def build(
    runtime: Runtime, student: str = "lite", weights: str = "motion-lite", outputs: str = "final"
) -> MotionSaliency:
    """`student`: the name of the network; `weights`: a file or a bundled name; `outputs`: "final" takes the network's
    final map, "mean" the mean of the maps of all its outputs.
    """
    from boostvsod.registry import build as build_part
    from boostvsod.training.students import for_inference

    if outputs not in OUTPUTS:
        raise ConfigError(f"net.outputs {outputs!r} is unknown; there are: {', '.join(OUTPUTS)}")
    network = build_part("students", student, runtime, weights=weights)
    mean = outputs == "mean"
    return MotionNet(network if mean else for_inference(network, runtime), mean, runtime)


@hookimpl
def offer_motion() -> list[Offer[MotionSaliency]]:
    return [Offer("net", "a trained network on colour-coded flow: any student with any weights", build)]
