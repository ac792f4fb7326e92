"""Where the time of a run goes: seconds of each step, beside the least that the same work can take.

The runs are processes of their own, from the start of the program to the last file. The floor of a step is measured in
this process: the same networks, flow or codec on what is already in memory.
"""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from boostvsod.boosting.parts import Learning, Parts
from boostvsod.boosting.plan import Plan, find_recipe
from boostvsod.errors import BoostError, InputError
from boostvsod.media.images import Levels, to_levels, write_png
from boostvsod.media.video import Piece, Video
from boostvsod.registry import versions
from boostvsod.report.tables import Cell, Table
from boostvsod.runtime import Runtime
from boostvsod.targets import TargetSpec
from boostvsod.training.students import predict

FLOOR_FRAMES = 16  # frames whose floors are measured, after a first round to warm up
START = "start and files"  # what the whole process needs beside the steps


def measure_speed(video: str, target: str, recipe: str, settings: Sequence[str], runtime: Runtime) -> dict[str, Any]:
    """Whole seconds, seconds of each step and their floors, for one video; and how many times plain inference it is."""
    with tempfile.TemporaryDirectory() as folder:
        boosted = _run(video, target, recipe, settings, runtime, Path(folder) / "boosted")
        plain = _run(
            video, target, "none", [s for s in settings if s.startswith("target.")], runtime, Path(folder) / "plain"
        )
    frames = boosted["frames"]
    return {
        "video": video,
        "target": target,
        "recipe": recipe,
        "settings": list(settings),
        "frames": frames,
        "size": boosted["size"],
        "seconds": boosted["seconds"],
        "seconds a frame": round(boosted["seconds"] / frames, 4),
        "busy": boosted["busy"],
        "plain seconds": plain["seconds"],
        "times plain": round(boosted["seconds"] / plain["seconds"], 2),
        "steps": boosted["steps"],
        "floors": floors(Video.open(video), target, recipe, settings, runtime),
        "runtime": str(runtime),
        "machine": f"{platform.machine()}, {_processor()}",
        "versions": versions(),
    }


def _run(
    video: str, target: str, recipe: str, settings: Iterable[str], runtime: Runtime, folder: Path
) -> dict[str, Any]:
    """One run in a new process: frames, wall seconds, seconds of the steps, and how busy its threads were."""
    words = [sys.executable, "-m", "boostvsod", "run", video, "--target", target, "--recipe", recipe, "-o", str(folder)]
    words += ["--device", runtime.device, "--precision", runtime.precision, "--threads", str(runtime.threads)]
    words += [word for setting in settings for word in ("--set", setting)]
    before, started = _child_seconds(), time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise BoostError(f"the run that was to be measured failed: {done.stderr.strip().splitlines()[-1]}")
    record = json.loads((folder / "run.json").read_text())
    steps = {step: round(spent, 3) for step, spent in record["seconds"].items()}
    steps[START] = round(seconds - sum(steps.values()), 3)
    busy = (_child_seconds() - before) / seconds / runtime.threads
    size = "x".join(map(str, record["video"]["size"]))
    return {
        "frames": len(record["frames"]),
        "size": size,
        "seconds": round(seconds, 2),
        "steps": steps,
        "busy": round(busy, 3),
    }


def _child_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def floors(video: Video, target: str, recipe: str, settings: Sequence[str], runtime: Runtime) -> dict[str, float]:
    """Milliseconds a frame of the work alone: decoding, each network on frames in memory, flow, writing."""
    runtime.apply()
    plan = Plan(video, TargetSpec.parse(target), find_recipe(recipe, settings), runtime)
    parts = Parts.build(plan)
    piece = max(video.pieces(plan.recipe.buffer), key=len)
    numbers = range(min(FLOOR_FRAMES, len(piece)))
    found = {"decode": _per_frame(lambda: _decode(video, numbers), numbers)}
    found["target"] = _per_frame(lambda: parts.target_maps(piece, numbers), numbers)
    if parts.learning is not None and piece.partner(0) is not None:
        found |= _learning_floors(parts.learning, piece, numbers)
    levels = [to_levels(saliency, 16) for saliency in parts.target_maps(piece, numbers)]
    with tempfile.TemporaryDirectory() as folder:
        found["write"] = _per_frame(lambda: _write(levels, Path(folder)), numbers)
    return {step: round(milliseconds, 2) for step, milliseconds in found.items()}


def _decode(video: Video, numbers: range) -> None:
    """Read frames that are not in memory yet."""
    fresh = Video.open(video.where)
    fresh.restore(video.index_as_dict())
    for i in numbers:
        fresh[i]


def _write(levels: Sequence[Levels], folder: Path) -> None:
    for i, image in enumerate(levels):
        write_png(folder / f"{i}.png", image)


def _learning_floors(learning: Learning, piece: Piece, numbers: range) -> dict[str, float]:
    """The floors of flow, motion saliency and the student. Flow is computed before motion saliency is timed."""
    pairs = [learning.motion.pairs(piece, i) for i in numbers]
    flat = [pair for of_frame in pairs for pair in of_frame]
    known = {(a.index, b.index): flow for (a, b), flow in zip(flat, learning.seen_flows(flat), strict=True)}
    student = learning.fresh_student()
    pictures = [piece[i].rgb for i in numbers]

    def motion() -> None:
        learning.motion.maps(pairs, lambda needed: [known[a.index, b.index] for a, b in needed])

    found = {"flow": _per_frame(lambda: learning.seen_flows(flat), numbers), "motion": _per_frame(motion, numbers)}
    if student.window == 1:
        found["student"] = _per_frame(lambda: predict(student, pictures, learning.runtime), numbers)
    return found


def _per_frame(work: Callable[[], object], numbers: range) -> float:
    """Milliseconds a frame of the faster of two rounds; the first of them warms up."""
    times = []
    for _ in range(2):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) / len(numbers) * 1000


def speed_tables(measured: Sequence[dict[str, Any]]) -> list[Table]:
    """One table of whole runs, and one of steps for each run."""
    columns = ["video", "recipe", "settings", "frames", "s/frame", "times plain", "busy"]
    rows: list[list[Cell]] = [
        [
            m["video"],
            m["recipe"],
            " ".join(m["settings"]),
            m["frames"],
            m["seconds a frame"],
            m["times plain"],
            m["busy"],
        ]
        for m in measured
    ]
    return [Table(columns, rows, measured[0]["runtime"]), *map(_steps_table, measured)]


def _steps_table(measured: dict[str, Any]) -> Table:
    total, frames, floor = measured["seconds"], measured["frames"], measured["floors"]
    rows: list[list[Cell]] = [
        [step, spent, spent / total, spent / frames * 1000, floor.get(step)]
        for step, spent in measured["steps"].items()
    ]
    rows += [[f"{step} alone", None, None, None, floor[step]] for step in floor if step not in measured["steps"]]
    caption = f"{measured['video']}, {measured['size']}"
    return Table(["step", "seconds", "share", "ms/frame", "floor ms/frame"], rows, caption)


def read_speed(path: Path) -> list[dict[str, Any]]:
    """The measurements that an earlier call wrote."""
    try:
        measured = json.loads(path.read_text())
        return [{"video": m["video"], "seconds a frame": float(m["seconds a frame"])} for m in measured]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} holds no measurements of bench speed ({type(error).__name__}: {error})") from error


def compared(measured: Sequence[dict[str, Any]], earlier: Sequence[dict[str, Any]]) -> Table:
    """Seconds a frame now and in an earlier measurement of the same videos. Other machines give other numbers."""
    before = {Path(m["video"]).name: m["seconds a frame"] for m in earlier}
    rows: list[list[Cell]] = []
    for m in measured:
        now, then = m["seconds a frame"], before.get(Path(m["video"]).name)
        rows.append([m["video"], then, now, now / then if then else None])
    return Table(["video", "s/frame before", "s/frame now", "ratio"], rows, "against the earlier measurement")
