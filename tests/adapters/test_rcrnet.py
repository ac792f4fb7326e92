"""RCRNet's variants (Table 3), and clips that follow one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from boostvsod import build
from boostvsod.errors import ConfigError
from boostvsod.kinds import Frame, Window
from boostvsod.media.synthetic import make_clip
from boostvsod.runtime import Runtime
from boostvsod_adapters.nets.rcrnet import PARTS, VideoModel

WITHOUT_TIME = ("Ra",)


@pytest.mark.parametrize("parts", PARTS)
def test_parts_of_ner_are_those_of_table_three(parts: str) -> None:
    torch.manual_seed(0)
    net = VideoModel(parts).eval()
    names = {name for name, _ in net.named_children()} - {"backbone"}
    gru = [name for name in names if name.startswith("convgru")]
    assert ("non_local_block" in names, len(gru), "non_local_block2" in names) == tuple(PARTS[parts])
    frames = [torch.rand(1, 256, 3, 3) for _ in range(3)]
    with torch.inference_mode():
        first, *_ = net.mix_in_time(frames)
        other, *_ = net.mix_in_time([frames[0], torch.rand(1, 256, 3, 3), frames[2]])
    assert first.shape == (1, 256, 3, 3)
    assert torch.equal(first, other) == (parts in WITHOUT_TIME), "the first frame depends on the second"


def test_unknown_parts_are_named() -> None:
    with pytest.raises(ConfigError, match=r"target\.parts 'Rz' is unknown; there are: Ra, Rb"):
        build("targets", "rcrnet-ner", Runtime(), weights="random", parts="Rz")


def test_whole_clips_follow_one_another() -> None:
    target: Any = build("targets", "rcrnet-ner", Runtime(), weights="random", size=64, whole_clips=True)
    frames = [Frame.of(rgb, i) for i, rgb in enumerate(make_clip(6, 48, 64).frames)]
    seen = []
    for i in range(6):
        around = [frames[min(max(i + k, 0), 5)] for k in range(-3, 4)]
        assert len(around) == target.window
        clip, place = target._clip(Window(tuple(around), 3))
        seen.append(([frame.index for frame in clip], place))
    assert seen == [([0, 1, 2, 3], i) for i in range(4)] + [([4, 5, 5, 5], 0), ([4, 5, 5, 5], 1)]
    (saliency,) = target.predict([Window(tuple(frames[:1] * 3 + frames[:4]), 3)])
    assert saliency.shape == (48, 64)
    assert np.isfinite(saliency).all()
