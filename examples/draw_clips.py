"""Write a few synthetic clips with their masks into a folder: python draw_clips.py FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from boostvsod.media.images import write_map, write_png
from boostvsod.media.synthetic import make_clip

CLIPS, FRAMES = 3, 6


def main(folder: str) -> None:
    for seed in range(CLIPS):
        clip = make_clip(frames=FRAMES, seed=seed)
        for i, (rgb, truth) in enumerate(zip(clip.frames, clip.truth, strict=True)):
            place = Path(folder) / f"clip{seed}"
            write_png(place / "frames" / f"{i:05d}.png", rgb)
            write_map(place / "masks" / f"{i:05d}.png", np.asarray(truth, np.float32), 8)


if __name__ == "__main__":
    main(*sys.argv[1:])
