"""Compacts the recorded outputs of the official networks for tests/adapters/test_nets.py.

The outputs are in golden/nets of the research data.

    python tests/golden/record_nets.py GOLDEN_NETS_FOLDER

It stores of each network: a hash of its keys, how its weights are drawn, its cases' inputs, and some output values.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

LARGEST = 400_000  # numbers of an input: larger cases take long and test the same
STORED = 400  # values of each output


def main(folder: Path) -> None:
    record: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("*/manifest.json")):
        if path.parent.name != "ops":
            record |= network(path.parent.name, json.loads(path.read_text()), np.load(path.with_name("vectors.npz")))
    np.savez_compressed(Path(__file__).with_name("nets.npz"), **record)  # type: ignore[arg-type]


def network(name: str, manifest: dict[str, Any], vectors: Any) -> dict[str, np.ndarray]:
    entries = sorted((key, tuple(shape)) for key, shape, *_ in manifest["state_dict"])
    cases = [case for case in manifest["cases"] if size(case) <= LARGEST] or manifest["cases"][:1]
    about = {
        "keys": hashlib.sha256(repr(entries).encode()).hexdigest(),
        "gain": manifest["gain"],
        "key_scale": manifest.get("key_scale") or {},
        "constants": manifest["constants_kept"],
        "cases": [{"name": case["name"], "inputs": case["inputs"], "outputs": outputs(case)} for case in cases],
    }
    record = {f"{name}/about": np.array(json.dumps(about))}
    for case in cases:
        for output in case["outputs"]:
            key = f"{case['name']}/{output['name']}"
            record[f"{name}/{key}"] = thinned(vectors[key])
    return record


def size(case: dict[str, Any]) -> int:
    return max(int(np.prod(entry["shape"])) for entry in case["inputs"])


def outputs(case: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": o["name"], "std": o["std"], "step": o.get("step")} for o in case["outputs"]]


def thinned(value: np.ndarray) -> np.ndarray:
    flat = value.ravel()
    return flat[:: max(1, flat.size // STORED)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
