"""The time that each flow backend needs for one pair of frames."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

from boostvsod import registry
from boostvsod.errors import ConfigError
from boostvsod.errors.user_code import user_code
from boostvsod.kinds import FlowBackend, Frame
from boostvsod.media.images import resize_rgb
from boostvsod.media.synthetic import make_clip
from boostvsod.offer import Range
from boostvsod.report.tables import Cell, Table
from boostvsod.runtime import Runtime
from boostvsod.weights.cache import cached_weights

SIDES = Range(16, 8192)  # of the frames, in pixels


def measure_flows(names: Sequence[str], size: str, runs: int, runtime: Runtime) -> Table:
    """Licence, parameters and median seconds of each backend, by default of all but the one that reads files."""
    width, height = _sides(size)
    frames = make_clip(frames=2).frames
    pair = tuple(Frame.of(resize_rgb(rgb, height, width), i) for i, rgb in enumerate(frames))
    offers = registry.offers("flows")
    chosen = names or [name for name in offers if name != "file"]
    rows: list[list[Cell]] = []
    for name in chosen:
        backend = registry.build("flows", name, runtime, **_weights(name))
        card = offers[name].card
        rows.append([name, offers[name].licence, card.millions if card else None, _seconds(backend, pair, runs)])
    caption = f"a pair of {width} x {height}, median of {runs} after one to warm up; {runtime}"
    return Table(["backend", "licence", "M parameters", "s/pair"], rows, caption)


def _sides(size: str) -> tuple[int, int]:
    width, cross, height = size.partition("x")
    numbers = [int(side) for side in (width, height) if side.isdecimal() and len(side) < 6]
    if not cross or len(numbers) != 2 or not all(number in SIDES for number in numbers):
        raise ConfigError(f"--size {size!r}: expected WIDTHxHEIGHT, as in 854x480; each is {SIDES}")
    return int(width), int(height)


def _weights(name: str) -> dict[str, Any]:
    """Options that ask for random weights if a backend's weights are not cached. The time is the same."""
    card = registry.card_of(name)
    return {} if card is None or name in cached_weights() else {"weights": "none"}


def _seconds(backend: FlowBackend, pair: tuple[Frame, ...], runs: int) -> float:
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        with user_code(f"flow {type(backend).__name__}"):
            backend.estimate(*pair)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])
