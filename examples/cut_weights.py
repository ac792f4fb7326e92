"""Save a part of a file of weights: python cut_weights.py WEIGHTS OUT (only|without) PREFIX.

`only quality.` saves the judging half of judge-lite. `without encoder.` saves the decoder of a network whose encoder
was not trained.
"""

from __future__ import annotations

import sys
from pathlib import Path

from boostvsod.weights.files import read_weights, save_tensors


def main(weights: str, out: str, how: str, prefix: str) -> None:
    tensors = read_weights(Path(weights))
    if how == "only":
        part = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    else:
        part = {key: value for key, value in tensors.items() if not key.startswith(prefix)}
    save_tensors(part, Path(out), half=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
