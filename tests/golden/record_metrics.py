"""Records the numbers of pysodmetrics for tests/metrics/test_scores.py and tests/test_evaluate.py.

It needs an environment of its own:

    python -m venv oracle && oracle/bin/pip install pysodmetrics==1.6.2
    oracle/bin/python tests/golden/record_metrics.py
    oracle/bin/python tests/golden/record_metrics.py davis_dev_480p.zip    # numbers of real maps

It cannot be a test dependency: it pins another OpenCV wheel and an old numpy.
"""

import itertools
import json
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import py_sod_metrics as sod  # type: ignore[import-not-found]


def cases() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """name -> (map in bytes, ground truth in bytes)."""
    rng = np.random.default_rng(7)
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for i, (height, width) in enumerate(((31, 47), (60, 40), (25, 25))):
        y, x = np.mgrid[:height, :width]
        truth = ((y - height * 0.4) ** 2 / 60 + (x - width * 0.6) ** 2 / 90 < 1 + i).astype(np.uint8) * 255
        noisy = np.clip(0.6 * truth + rng.normal(60, 50, truth.shape), 0, 255).astype(np.uint8)
        found |= {f"noisy{i}": (noisy, truth), f"random{i}": (rng.integers(0, 256, truth.shape, np.uint8), truth)}
        found |= {f"perfect{i}": (truth, truth), f"inverted{i}": (255 - truth, truth)}
    some, none = found["noisy0"], np.zeros((31, 47), np.uint8)
    found |= {"black map": (none, some[1]), "white map": (none + 255, some[1]), "flat map": (none + 99, some[1])}
    found |= {"black truth": (some[0], none), "both black": (none, none), "white truth": (some[0], none + 255)}
    one = none.copy()
    one[3, 5] = 255
    dots = (rng.random((40, 50)) > 0.93).astype(np.uint8) * 255  # many pixels are equally near
    found |= {"dots": (rng.integers(0, 256, dots.shape, np.uint8), dots)}
    found |= {"dim": (found["noisy1"][0] // 5 + 20, found["noisy1"][1])}
    return found | {"one pixel": (some[0], one), "one pixel hit": (one, one)}


def measured(frames: Iterable[tuple[np.ndarray, np.ndarray]], normalize: bool) -> dict[str, np.ndarray]:
    """The means over frames, with curves over rising thresholds."""
    mae, s, f, e, w = sod.MAE(), sod.Smeasure(), sod.Fmeasure(), sod.Emeasure(), sod.WeightedFmeasure()
    for saliency, truth in frames:
        for measure in (mae, s, f, e, w):
            measure.step(pred=saliency, gt=truth, normalize=normalize)
    fm, em = f.get_results()["fm"], e.get_results()["em"]
    found = {"MAE": mae.get_results()["mae"], "S": s.get_results()["sm"], "wF": w.get_results()["wfm"]}
    found |= {"adpF": fm["adp"], "adpE": em["adp"]}
    return found | {"curve F": fm["curve"][::-1], "curve E": em["curve"][::-1]}


def main() -> None:
    record: dict[str, np.ndarray] = {}
    for name, (saliency, truth) in cases().items():
        record |= {f"{name}/map": saliency, f"{name}/truth": truth}
        plain = measured([(saliency.astype(np.float64) / 255, truth > 128)], normalize=False)
        stretched = measured([(saliency, truth)], normalize=True)
        record |= {f"{name}/{key}": value for key, value in plain.items()}
        record |= {f"{name}/stretched/{key}": value for key, value in stretched.items()}
    np.savez_compressed(Path(__file__).with_name("metrics.npz"), **record)  # type: ignore[arg-type]


def record_real(archive: str) -> None:
    """Frames with a map, for each method and sequence. Maps are resized to the truth's size, then stretched."""
    with zipfile.ZipFile(archive) as files:
        maps = sorted(name for name in files.namelist() if "/pred_" in name)
        scores: dict[str, dict[str, dict[str, float]]] = {}
        for folder, group in itertools.groupby(maps, lambda name: name.rpartition("/")[0]):
            sequence, method = folder.split("/")
            found = measured((_pair(files, name) for name in group), normalize=False)
            row = {key: float(value) for key, value in found.items() if value.ndim == 0}
            row |= {f"max{x}": float(found[f"curve {x}"].max()) for x in "FE"}
            row |= {f"mean{x}": float(found[f"curve {x}"].mean()) for x in "FE"}
            scores.setdefault(method, {})[sequence] = row
            print(folder, row, flush=True)
    Path(__file__).with_name("davis_dev.json").write_text(json.dumps(scores, indent=1) + "\n")


def _pair(files: zipfile.ZipFile, name: str) -> tuple[np.ndarray, np.ndarray]:
    folder, _, frame = name.rpartition("/")
    truth = _grey(files.read(f"{folder.partition('/')[0]}/masks/{frame.rpartition('.')[0]}.png")) > 128
    saliency = cv2.resize(_grey(files.read(name)) / 255, truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
    low, high = saliency.min(), saliency.max()
    return np.clip((saliency - low) / (high - low) if high > low else saliency, 0, 1), truth


def _grey(data: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        record_real(sys.argv[1])
    else:
        main()
