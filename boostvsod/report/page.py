"""The page: its parts as data, and the one file they become.

Whatever a user may have named (files, frames, targets) reaches the page as JSON and is shown as text, so
it cannot become markup.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from boostvsod.files import write_atomically
from boostvsod.report.tables import Table, shown

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Pane:
    """One picture per frame, shown side by side with the other panes' of the same frame."""

    label: str
    images: Sequence[str]  # data URLs


@dataclass(frozen=True)
class Curve:
    """One number per frame, None where there is none."""

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Clip:
    """Frames to scrub through."""

    title: str
    frames: Sequence[str]  # names
    panes: Sequence[Pane]
    curves: Sequence[Curve] = ()
    mined: Sequence[int] = ()  # which frames were learnt from
    why: Sequence[str] = ()  # for each frame


@dataclass(frozen=True)
class Bars:
    """Signed bars, as for gains and losses."""

    title: str
    items: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Page:
    """All of a report."""

    title: str
    facts: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    clips: Sequence[Clip] = ()
    tables: Sequence[Table] = ()
    bars: Sequence[Bars] = ()
    plots: Sequence[tuple[str, str]] = field(default=())  # title, SVG made by boostvsod.plots


def write_page(page: Page, path: Path) -> Path:
    """Write the page as one HTML file."""
    html = (HERE / "page.html").read_text(encoding="utf-8")
    parts = {
        "STYLE": (HERE / "page.css").read_text(encoding="utf-8"),
        "SCRIPT": (HERE / "page.js").read_text(encoding="utf-8"),
        "PLOTS": "\n".join(f"<figure>{svg}</figure>" for _, svg in page.plots),
        "DATA": _as_json(page),
    }
    for name, part in parts.items():
        html = html.replace(f"<!--{name}-->", part)
    with write_atomically(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path


def _as_json(page: Page) -> str:
    """JSON that may stand inside a script element: no `<`, so nothing can end it early."""
    tables = [{**asdict(table), "rows": [[_cell(c) for c in row] for row in table.rows]} for table in page.tables]
    plain: dict[str, Any] = {**asdict(page), "tables": tables, "plots": []}
    return json.dumps(plain, allow_nan=False).replace("<", "\\u003c")


def _cell(cell: Any) -> dict[str, Any]:
    """What is shown, and what it is sorted by."""
    text = shown(cell)
    number = cell if isinstance(cell, (int, float)) else _leading_number(text)
    return {"text": text, "by": number if number == number else None}  # NaN is not equal to itself


def _leading_number(text: str) -> float | None:
    try:
        return float(text.split()[0])
    except (ValueError, IndexError):
        return None
