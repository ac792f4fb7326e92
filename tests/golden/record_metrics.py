"""Records what pysodmetrics says, for tests/test_metrics.py. Run in an environment of its own:

    python -m venv oracle && oracle/bin/pip install pysodmetrics==1.6.2
    oracle/bin/python tests/golden/record_metrics.py

It cannot be a test dependency: it pins another OpenCV wheel and an old numpy.
"""

from pathlib import Path

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
    return found | {"one pixel": (some[0], one), "one pixel hit": (one, one)}


def main() -> None:
    record: dict[str, np.ndarray] = {}
    for name, (saliency, truth) in cases().items():
        measures = sod.MAE(), sod.Smeasure(), sod.Fmeasure()
        for measure in measures:
            measure.step(pred=saliency.astype(np.float64) / 255, gt=truth > 128, normalize=False)
        mae, s, f = (measure.get_results() for measure in measures)
        record |= {f"{name}/map": saliency, f"{name}/truth": truth}
        record |= {f"{name}/mae": mae["mae"], f"{name}/s": s["sm"], f"{name}/f": f["fm"]["curve"]}
    np.savez_compressed(Path(__file__).with_name("metrics.npz"), **record)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
