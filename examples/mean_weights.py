"""Average the weights of one network after several trainings: python mean_weights.py OUT WEIGHTS WEIGHTS ..."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from boostvsod.weights import read_weights, save_tensors


def main(out: str, *paths: str) -> None:
    several = [read_weights(Path(path)) for path in paths]
    mean = {
        key: torch.stack([found[key].float() for found in several]).mean(0) if first.is_floating_point() else first
        for key, first in several[0].items()
    }
    save_tensors(mean, Path(out), half=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
