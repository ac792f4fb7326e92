"""Training samples in memory: pictures and masks, resized and stored as bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from boostvsod.kinds import Map, Rgb
from boostvsod.media.images import resize_rgb
from boostvsod.media.maps import resize_map
from boostvsod.stamps import fingerprint


def tensor_stamp(tensor: Tensor) -> str:
    """A hash of a tensor's values."""
    return hashlib.sha256(tensor.detach().cpu().contiguous().numpy().data).hexdigest()


@dataclass(frozen=True)
class Samples:
    """N training samples of size S x S: pictures N 3 S S and masks N 1 S S, both in bytes.

    `labels`, N floats, describe whole pictures. They are only needed where such a label is learnt.
    """

    pictures: Tensor
    masks: Tensor
    labels: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pictures)

    def to(self, device: str) -> Samples:
        """The same samples on another device."""
        labels = None if self.labels is None else self.labels.to(device)
        return Samples(self.pictures.to(device), self.masks.to(device), labels)

    def stamp(self) -> str:
        """A hash of all pictures, masks and labels."""
        parts = (self.pictures, self.masks, self.labels)
        return fingerprint([None if part is None else tensor_stamp(part) for part in parts])

    def write(self, path: Path) -> None:
        """Save the samples in a file."""
        from boostvsod.weights.files import save_tensors

        parts = {"pictures": self.pictures, "masks": self.masks}
        parts |= {} if self.labels is None else {"labels": self.labels}
        save_tensors(parts, path, half=False)

    @classmethod
    def read(cls, path: Path) -> Samples:
        """Load the samples of a file."""
        from safetensors.torch import load_file

        return cls(**load_file(path))

    @staticmethod
    def join(parts: Iterable[Samples]) -> Samples:
        """All samples of several sets, in order. Labels are dropped if a set has none."""
        parts = list(parts)
        labels = [p.labels for p in parts if p.labels is not None]
        return Samples(
            torch.cat([p.pictures for p in parts]),
            torch.cat([p.masks for p in parts]),
            torch.cat(labels) if len(labels) == len(parts) else None,
        )


def load(pairs: Iterable[tuple[Rgb, Map]], count: int, size: int) -> Samples:
    """Resize `count` pairs of picture and mask to `size` x `size` and hold them in memory."""
    samples = Samples(
        torch.empty(count, 3, size, size, dtype=torch.uint8), torch.empty(count, 1, size, size, dtype=torch.uint8)
    )
    for i, (rgb, mask) in enumerate(pairs):
        small = resize_rgb(rgb, size, size)
        samples.pictures[i] = torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)))
        samples.masks[i, 0] = torch.from_numpy(np.rint(resize_map(mask, size, size) * 255).astype(np.uint8))
    return samples
