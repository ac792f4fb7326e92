"""Clips with sparse labels, and the windows that are drawn from them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from boostvsod.datasets.pairs import Pairs
from boostvsod.runtime import Runtime
from boostvsod.training.clip_tasks import draw_windows, window_rows
from boostvsod.training.clips import Clips, LabelProtocol, clips_of
from boostvsod.training.samples import Samples
from boostvsod.training.sources import SampleMaker

RUNTIME = Runtime()


@pytest.mark.parametrize(
    ("l", "m", "known"),
    [
        (5, 0, [0, 5, 10]),
        (5, 1, [0, 2, 5, 7, 10]),
        (1, 0, list(range(11))),
        (5, 4, list(range(11))),
    ],
)
def test_labels_of_the_protocol(l: int, m: int, known: list[int], two_clips: Path) -> None:  # noqa: E741
    make = SampleMaker(32, RUNTIME)
    whole = clips_of(Pairs.open(two_clips), make, LabelProtocol(l, m, "warp"), whole=True)
    assert whole.spans == (range(11), range(11, 22))
    for span in whole.spans:
        assert torch.nonzero(whole.known[span.start : span.stop])[:, 0].tolist() == known
    assert float(whole.samples.masks[0].max()) == 255
    if m == 0 and l > 1:
        assert float(whole.samples.masks[1].max()) == 0
    clips = clips_of(Pairs.open(two_clips), make, LabelProtocol(l, m, "warp"))
    assert clips.spans == (range(len(known)), range(len(known), 2 * len(known)))
    assert clips.known.all()
    assert torch.equal(clips.samples.pictures[: len(known)], whole.samples.pictures[known])


def test_windows_stay_in_their_clip_and_hold_a_known_frame() -> None:
    assert window_rows(range(10, 20), 8, 4) == [10, 11, 12, 13]
    assert window_rows(range(10, 20), 18, 4) == [16, 17, 18, 19]
    assert window_rows(range(10, 12), 10, 4) == [10, 11, 11, 11]
    numbers = torch.arange(12, dtype=torch.uint8).view(12, 1, 1, 1)
    known = torch.tensor([1.0, 0, 0, 0, 0, 1] * 2)
    clips = Clips(Samples(numbers.expand(12, 3, 2, 2), numbers.expand(12, 1, 2, 2), known), (range(6), range(6, 12)))
    draw = draw_windows(clips, window=3, batch=4)
    for step in range(10):
        frames, truth, weight = draw(step, torch.Generator().manual_seed(step))
        assert (frames.shape, truth.shape, weight.shape) == ((4, 3, 3, 2, 2), (12, 1, 2, 2), (12, 1, 2, 2))
        rows = (truth.reshape(4, 3, 4)[:, :, 0] * 255).round().long()
        assert torch.equal(weight.reshape(4, 3, 4)[:, :, 0], known[rows])
        assert (weight.reshape(4, -1).sum(1) > 0).all()
        assert ((rows < 6).all(1) | (rows >= 6).all(1)).all()
