"""Fit the numbers of the gate on clips with ground truth, from one or more benchmarks.

    python examples/damage_truth.py DAVIS-train.zip damaged
    boostvsod bench --dataset DAVIS-train.zip --target lite --target classic --target 'strong=maps:damaged/{video}' \
        --leave-clip-out -o calibration
    python examples/calibrate_gate.py DAVIS-train.zip calibration [MORE ...]

A video has room if more of what was removed may move. EVEN and LENIENCE are the values with the highest total gain of
the videos with more room than the largest margin, such that no video that loses has any. WORTH is fitted by least
squares. Each video is left out in turn, and the bounds of the margins come from those that were left out. The script
prints the numbers for boostvsod/boosting/gate.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from boostvsod.bench.jobs import Setup
from boostvsod.bench.left_out import Pair, bound, fitted, left_out_table, pairs_of, rooms_left_out
from boostvsod.boosting import gate
from boostvsod.runtime import decide


def pairs_in(dataset: str, out: Path) -> Iterator[Pair]:
    """The pairs of the benchmark in a folder."""
    rows = [json.loads(path.read_text()) for path in sorted((out / "jobs").glob("*.json"))]
    yield from pairs_of(rows, Setup(dataset, "", "video", decide(), out))


def main(dataset: str, *benchmarks: str) -> None:
    pairs = [pair for out in benchmarks for pair in pairs_in(dataset, Path(out))]
    rooms = rooms_left_out(pairs)
    for room, pair in sorted(zip(rooms, pairs, strict=True), key=lambda each: float(each[0])):
        print(f"{pair.target:8} {pair.video:18} room {room:+.3f}, gain {pair.gain:+.3f}", end="  ")
        print(f"apart {pair.apart:.3f} moving {pair.moving:.3f}")
    print(left_out_table(pairs).render("text"))
    print(fitted(pairs))
    print("margins and bounds:", {margin: round(bound(margin, pairs, rooms), 4) for _, margin in gate.BOUNDS})


if __name__ == "__main__":
    main(*sys.argv[1:])
