"""Which samples a training uses, and which it holds out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from boostvsod.datasets.pairs import Pairs
from boostvsod.runtime import Runtime
from boostvsod.training.sources import SampleMaker, load_sources, patches

RUNTIME = Runtime()


def test_one_clip_is_held_out(two_clips: Path) -> None:
    names = lambda pairs: [pair.clip for pair in pairs.pairs]  # noqa: E731
    train, held = load_sources([str(two_clips)], None, names)
    assert (set(train[0]), set(held)) == ({"a/frames"}, {"b/frames"})
    train, held = load_sources([str(two_clips), str(two_clips)], str(two_clips / "a"), names)
    assert [len(part) for part in train] == [22, 22]
    assert set(held) == {"frames"}


def test_patches_hold_their_object() -> None:
    rgb, mask = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.float32)
    mask[10:20, 30:50] = 1
    for seed in range(5):
        ((cut, cut_mask),) = patches([(rgb, mask)], seed)
        assert cut_mask.sum() == mask.sum()
        assert cut.shape[:2] == cut_mask.shape
        assert cut_mask.shape[0] <= 18
        assert cut_mask.shape[1] <= 36
    ((cut, _),) = patches([(rgb, 0 * mask)], 0)
    assert cut.shape == rgb.shape


def test_flow_of_real_clips_is_cached(two_clips: Path, tmp_path: Path) -> None:
    pairs = Pairs.open(two_clips)
    sample_maker = SampleMaker(32, RUNTIME, cache=tmp_path)
    first = sample_maker.filmed(pairs)
    (cached,) = tmp_path.iterdir()
    torch.testing.assert_close(sample_maker.filmed(pairs).pictures, first.pictures)
    assert list(tmp_path.iterdir()) == [cached]
    replace(sample_maker, size=16).filmed(pairs)
    assert len(list(tmp_path.iterdir())) == 2
