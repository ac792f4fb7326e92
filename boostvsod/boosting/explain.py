"""Why each frame was mined or not, read from a finished run: as text, as JSON, as a strip of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from boostvsod.boosting.record import choice_in_words, motion_maps
from boostvsod.errors import ConfigError
from boostvsod.kinds import Result, Rgb
from boostvsod.media.images import grey_rgb, resize_rgb, write_png
from boostvsod.media.video import Video

MOST = 12  # frames in a strip
WIDTH = 200  # pixels of one picture
EDGE = 4
MINED, PASSED = (40, 200, 80), (90, 90, 90)  # RGB of the borders


def find_frame(result: Result, wanted: str) -> int:
    """A frame by its name, or by its number in the video."""
    if wanted in result.names:
        return result.names.index(wanted)
    if wanted.isdecimal() and len(wanted) < 20 and int(wanted) < len(result.names):
        return int(wanted)
    first, last = result.names[0], result.names[-1]
    raise ConfigError(f"--frame {wanted!r}: there are {len(result.names)} frames, {first} to {last}")


def explain(result: Result, numbers: Sequence[int]) -> dict[str, Any]:
    """The settings of the run, and the verdict on each of these frames, as JSON can hold them."""
    recipe = result.record["recipe"]
    return {
        "target": result.record["target"],
        "recipe": recipe["name"],
        "miner": recipe["miner"],
        "settings": recipe["options"].get(recipe["miner"], {}),
        "mined": [result.names[i] for i in result.mined],
        "frames": [_of_frame(result, i) for i in numbers],
    }


def _of_frame(result: Result, i: int) -> dict[str, Any]:
    decision = next(d for d in result.decisions if d.start <= i < d.stop)
    piece = {"start": decision.start, "stop": decision.stop, "choice": decision.choice, "why": decision.why}
    return {"number": i, **result.record["frames"][i], "piece": piece}


def as_text(explanation: dict[str, Any]) -> str:
    """The same as lines of text. Every piece begins with a line of its own."""
    settings = ", ".join(f"{key} {value}" for key, value in explanation["settings"].items()) or "its defaults"
    lines = [f"recipe {explanation['recipe']}, miner {explanation['miner'] or 'none'}: {settings}"]
    before = None
    for frame in explanation["frames"]:
        piece = frame["piece"]
        if piece != before:
            words = choice_in_words(piece["choice"], explanation["target"])
            lines.append(f"frames {piece['start']} to {piece['stop'] - 1}: {words}: {piece['why']}")
        before = piece
        lines.append(f"  {frame['frame']}  {'mined ' if frame['mined'] else '      '}  {frame['why']}")
    return "\n".join(lines)


def strip_frames(result: Result, wanted: int | None) -> list[int]:
    """Which frames a strip shows: the neighbourhood of one, or the whole video evenly."""
    total = len(result.names)
    if wanted is not None:
        start = max(0, min(wanted - MOST // 2, total - MOST))
        return list(range(start, min(start + MOST, total)))
    return sorted({i * total // MOST for i in range(MOST)})


def write_strip(result: Result, video: Video | None, numbers: Sequence[int], path: Path) -> Path:
    """A column per frame: picture (where the video is at hand), target's, motion and final map; green if mined."""
    motion = motion_maps(result)
    columns = []
    for i in numbers:
        maps = [result.baseline[i], *([motion[i]] if motion else []), result.maps[i]]
        panes = [*([video[i].rgb] if video else []), *map(grey_rgb, maps)]
        columns.append(_column(panes, result.names[i], result.record["frames"][i]))
    write_png(path, np.hstack(columns))
    return path


def _column(panes: Sequence[Rgb], name: str, verdict: dict[str, Any]) -> Rgb:
    height = max(8, round(panes[0].shape[0] * WIDTH / panes[0].shape[1]))
    stack = np.vstack([resize_rgb(pane, height, WIDTH) for pane in panes])
    scores = "  ".join(f"{key} {value:.2f}" for key, value in verdict["scores"].items())
    head = np.full((2 * 18, WIDTH, 3), 24, np.uint8)
    for line, text in enumerate((name, scores)):
        cv2.putText(head, text, (4, 14 + 18 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (235, 235, 235), 1, cv2.LINE_AA)
    border = MINED if verdict["mined"] else PASSED
    framed = cv2.copyMakeBorder(np.vstack([head, stack]), EDGE, EDGE, EDGE, EDGE, cv2.BORDER_CONSTANT, value=border)
    return np.asarray(framed, np.uint8)
