"""The time that each flow backend needs for one pair of frames."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

from boostvsod import registry
from boostvsod.errors import ConfigError
from boostvsod.kinds import FlowBackend, Frame
from boostvsod.media.images import resize_rgb
from boostvsod.media.synthetic import make_clip
from boostvsod.report.tables import Cell, Table
from boostvsod.runtime import Runtime
from boostvsod.weights.cache import cached_weights


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
    if not (cross and width.isdigit() and height.isdigit()):
        raise ConfigError(f"--size {size!r}: expected WIDTHxHEIGHT, as in 854x480")
    return int(width), int(height)


def _weights(name: str) -> dict[str, Any]:
    """Options that ask for random weights if a backend's weights are not cached. The time is the same."""
    card = registry.card_of(name)
    return {} if card is None or name in cached_weights() else {"weights": "none"}


def _seconds(backend: FlowBackend, pair: tuple[Frame, ...], runs: int) -> float:
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        backend.estimate(*pair)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])
