"""Random views of pictures and masks."""

from __future__ import annotations

import torch

from boostvsod.media.synthetic import Clip
from boostvsod.training.augment import Augment, views


def test_views_move_picture_and_mask_alike() -> None:
    mask = torch.zeros(64, 1, 64, 64, dtype=torch.uint8)
    mask[:, :, 20:40, 10:30] = 255
    plain = Augment(colour=0, grey=0, blur=0, noise=0)
    rgb, truth = views(mask.expand(-1, 3, -1, -1), mask, plain, torch.Generator().manual_seed(0))
    assert torch.allclose(rgb[:, :1], truth, atol=1e-5)
    assert truth.mean((1, 2, 3)).std() > 0.01, "the sizes of the views differ"
    again = views(mask.expand(-1, 3, -1, -1), mask, plain, torch.Generator().manual_seed(0))[0]
    assert torch.equal(rgb, again)


def test_colours_change_and_stay_in_range(clip: Clip) -> None:
    pictures = torch.from_numpy(clip.frames.transpose(0, 3, 1, 2).copy())
    still = Augment(flip=False, zoom=(1, 1), aspect=0, degrees=0)
    rgb, _ = views(pictures, pictures[:, :1], still, torch.Generator().manual_seed(1))
    assert 0 <= rgb.min() < rgb.max() <= 1
    assert (rgb - pictures / 255).abs().mean() > 0.02


def test_swapped_channels_are_the_same_picture_in_other_colours(clip: Clip) -> None:
    pictures = torch.from_numpy(clip.frames[:12].transpose(0, 3, 1, 2).copy())
    still = Augment(flip=False, zoom=(1, 1), aspect=0, degrees=0, colour=0, grey=0, blur=0, noise=0, swap=True)
    rgb, _ = views(pictures, pictures[:, :1], still, torch.Generator().manual_seed(1))
    changed, given = (rgb * 255).round().byte(), pictures
    assert torch.equal(changed.sort(1).values, given.sort(1).values)
    assert not torch.equal(changed, given)
