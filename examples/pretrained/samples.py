"""Batches to train on, drawn from the arrays of data.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from views import Variety, clip_views, picture_views, staged_views

EVERY = 20  # every 20th DUTS pair is held out
FOLDS = 3
CLIPS, PICTURES = Variety(zoom=(0.45, 1.2)), Variety(zoom=(0.5, 1.2))
NO_FRAME, NO_FLOW = 0.07, 0.08  # shares of the samples without a frame, and without flow
GREY = 0.45

Draw = Callable[[int], tuple[Tensor, Tensor]]  # size -> input and mask


class Data:
    """The arrays on the device. Fold `all` trains on every clip; fold k leaves out every third clip, from k on."""

    def __init__(self, work: Path, device: torch.device, *, clips: bool, every: int = 1) -> None:
        self.device = device
        stored = np.load(work / "duts.npy", mmap_mode="r")
        held_out = np.arange(len(stored)) % EVERY == EVERY - 1
        self.duts, self.held_out = self._load(stored[~held_out][::every]), self._load(stored[held_out])
        if clips:
            self.clips = [tuple(clip) for clip in json.loads((work / "davis.json").read_text())]
            self.frames, self.flows = (self._load(np.load(work / f"{name}.npy")) for name in ("davis", "flows"))

    def _load(self, x: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(x)).to(self.device)

    def rows(self, fold: str) -> Tensor:
        """The frames that a fold trains on: 70 of every clip, so that long clips do not outweigh the others."""
        used = [clip for i, clip in enumerate(self.clips) if fold == "all" or i % FOLDS != int(fold)]
        rows = [torch.linspace(first, first + count - 1, 70).round().long() for _, first, count in used]
        return torch.cat(rows).to(self.device)

    def left_out(self, fold: str) -> list[tuple[str, int, int]]:
        """Name, first row and number of frames of each clip that a fold leaves out."""
        return [clip for i, clip in enumerate(self.clips) if i % FOLDS == int(fold)]


def draw_pictures(data: Data, batch: int) -> Draw:
    """DUTS pictures, for `lite`."""

    def draw(size: int) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(data.duts), (batch,), device=data.device)
        return picture_views(data.duts[chosen], PICTURES, size)

    return draw


def draw_video(data: Data, fold: str, batch: int) -> Draw:
    """Frames with their flow, for `video-lite`. A third of the batch are DUTS pictures with simulated flow."""
    rows, staged = data.rows(fold), batch - batch * 2 // 3

    def draw(size: int) -> tuple[Tensor, Tensor]:
        rgb, moving, mask = clip_batch(data, rows, batch - staged, size)
        lost = torch.rand(len(rgb), 1, 1, 1, device=data.device)
        rgb = torch.where(lost < NO_FRAME, torch.full_like(rgb, GREY), rgb)
        moving = torch.where(lost > 1 - NO_FLOW, torch.ones_like(moving), moving)
        chosen = torch.randint(len(data.duts), (staged,), device=data.device)
        picture, simulated, truth = staged_views(data.duts[chosen], PICTURES, size)
        both = torch.cat([torch.cat([rgb, picture]), torch.cat([moving, simulated])], 1)
        return both, torch.cat([mask, truth])

    return draw


def clip_batch(data: Data, rows: Tensor, batch: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """RGB, flow pictures and mask of random frames, with one of their flows."""
    chosen = rows[torch.randint(len(rows), (batch,), device=data.device)]
    which = torch.randint(data.flows.shape[1], (batch,), device=data.device)
    return clip_views(data.frames[chosen], data.flows[chosen, which], CLIPS, size)
