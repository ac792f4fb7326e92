"""Decode the training data into memory-mapped arrays.

    python data.py duts OUT WORKERS DUTS.zip ...    # OUT/duts.npy: pictures and masks, N 4 224 224, bytes
    python data.py davis OUT WORKERS DAVIS.zip      # OUT/davis.npy: frames and masks; OUT/flows.npy: N 4 4 120 214

The flows of a frame go to the frames 1 and 2 after and before it, in widths of the picture; flow to an earlier frame is
negated. The first two channels are the flow, the others what remains without the camera's motion.
"""

from __future__ import annotations

import json
import time
import zipfile
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from boostvsod.flow.camera import camera_motion

SIDE = 224  # of DUTS pictures
FINE, HALF = (240, 428), (120, 214)  # of DAVIS frames, and of their flows
STEPS = (1, -1, 2, -2)  # from a frame to the one that its flow goes to


def duts_names(path: Path) -> list[str]:
    """The names of all pairs, without folder and suffix."""
    names = zipfile.ZipFile(path).namelist()
    return sorted(n.split("/")[1].rsplit(".", 1)[0] for n in names if n.startswith("images/"))


def read_picture(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """A picture of the archive as RGB."""
    return cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def read_mask(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_GRAYSCALE)


def decode_duts(job: tuple[str, list[str], int, str]) -> None:
    """Write some pairs of an archive to the array, from row `first` on."""
    cv2.setNumThreads(1)
    path, names, first, out = job
    archive = zipfile.ZipFile(path)
    stored = np.load(f"{out}/duts.npy", mmap_mode="r+")
    for i, name in enumerate(names, first):
        rgb, mask = read_picture(archive, f"images/{name}.webp"), read_mask(archive, f"masks/{name}.png")
        rgb, mask = (cv2.resize(x, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for x in (rgb, mask))
        stored[i, :3], stored[i, 3] = rgb.transpose(2, 0, 1), mask
    stored.flush()


def decode_clip(job: tuple[str, str, int, str]) -> None:
    """Write the frames, masks and flows of a clip to the arrays, from row `first` on."""
    cv2.setNumThreads(1)
    path, clip, first, out = job
    archive = zipfile.ZipFile(path)
    names = sorted(n for n in archive.namelist() if n.startswith(f"{clip}/frames/"))
    frames, flows = (np.load(f"{out}/{what}.npy", mmap_mode="r+") for what in ("davis", "flows"))
    greys = []
    for i, name in enumerate(names, first):
        rgb = read_picture(archive, name)
        mask = read_mask(archive, name.replace("/frames/", "/masks/").replace(".webp", ".png"))
        greys.append(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
        frames[i, :3] = cv2.resize(rgb, FINE[::-1]).transpose(2, 0, 1)
        frames[i, 3] = cv2.resize(mask, FINE[::-1], interpolation=cv2.INTER_AREA)
    solver = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for i in range(len(greys)):
        for k, step in enumerate(STEPS):
            flows[first + i, k] = flow_between(solver, greys, i, step)
    frames.flush(), flows.flush()


def flow_between(solver: cv2.DISOpticalFlow, greys: list[np.ndarray], i: int, step: int) -> np.ndarray:
    """The flow of frame `i` over `step` frames, and what remains of it. At the ends it goes the other way."""
    j = i + step if 0 <= i + step < len(greys) else min(max(i - step, 0), len(greys) - 1)
    flow = solver.calc(greys[i], greys[j], None) * np.sign(j - i) / greys[i].shape[1]
    both = np.concatenate([flow, flow - camera_motion(flow)], 2)
    return cv2.resize(both, HALF[::-1], interpolation=cv2.INTER_AREA).transpose(2, 0, 1)


def prepare_duts(paths: list[Path], out: Path, workers: int) -> None:
    """All pairs of all archives, in the order of their names."""
    pairs = sorted((name, str(path)) for path in paths for name in duts_names(path))
    np.lib.format.open_memmap(out / "duts.npy", "w+", np.uint8, (len(pairs), 4, SIDE, SIDE)).flush()
    jobs, start = [], 0
    while start < len(pairs):
        stop = start
        while stop < len(pairs) and pairs[stop][1] == pairs[start][1] and stop - start < 64:
            stop += 1
        jobs.append((pairs[start][1], [n for n, _ in pairs[start:stop]], start, str(out)))
        start = stop
    with get_context("spawn").Pool(workers) as pool:
        pool.map(decode_duts, jobs, 1)


def prepare_davis(path: Path, out: Path, workers: int) -> None:
    """All clips, and OUT/davis.json: name, first row and number of frames of each."""
    counts: dict[str, int] = {}
    for name in zipfile.ZipFile(path).namelist():
        if "/frames/" in name:
            counts[name.split("/")[0]] = counts.get(name.split("/")[0], 0) + 1
    clips, total = sorted(counts), sum(counts.values())
    np.lib.format.open_memmap(out / "davis.npy", "w+", np.uint8, (total, 4, *FINE)).flush()
    np.lib.format.open_memmap(out / "flows.npy", "w+", np.float16, (total, len(STEPS), 4, *HALF)).flush()
    firsts = dict(zip(clips, np.cumsum([0, *(counts[c] for c in clips)])[:-1].tolist(), strict=True))
    jobs = sorted(((str(path), c, firsts[c], str(out)) for c in clips), key=lambda job: -counts[job[1]])
    with get_context("spawn").Pool(workers) as pool:
        pool.map(decode_clip, jobs, 1)
    index = [[c, firsts[c], counts[c]] for c in clips]
    (out / "davis.json").write_text(json.dumps(index))


def main() -> None:
    import sys

    what, out, workers, *paths = sys.argv[1:]
    began = time.time()
    if what == "duts":
        prepare_duts([Path(p) for p in paths], Path(out), int(workers))
    else:
        prepare_davis(Path(paths[0]), Path(out), int(workers))
    print(f"{what} ready after {time.time() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
