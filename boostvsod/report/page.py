"""The parts of a page as data, and writing them as one HTML file.

Names chosen by users (files, frames, targets) are put into the page as JSON and shown as text. They cannot
become markup.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from boostvsod.files import write_atomically
from boostvsod.report.tables import Cell, Table, shown

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Pane:
    """One picture per frame. The pictures of all panes of one frame are shown side by side."""

    label: str
    images: Sequence[str]  # data URLs


@dataclass(frozen=True)
class Curve:
    """One number per frame; None where a frame has no number."""

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Clip:
    """The frames of one clip, which the reader can scroll through."""

    title: str
    frames: Sequence[str]  # names
    panes: Sequence[Pane]
    curves: Sequence[Curve] = ()
    mined: Sequence[int] = ()  # numbers of the frames that were learnt from
    why: Sequence[str] = ()  # a reason per frame


@dataclass(frozen=True)
class Bars:
    """Bars of signed values, for example gains and losses."""

    title: str
    items: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Page:
    """A whole report."""

    title: str
    facts: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    clips: Sequence[Clip] = ()
    tables: Sequence[Table] = ()
    bars: Sequence[Bars] = ()
    plots: Sequence[tuple[str, str]] = field(default=())  # title, SVG from boostvsod.report.plots
    tables_first: bool = False  # before the clips


def write_page(page: Page, path: Path) -> Path:
    """Write the page as one HTML file."""
    text = page_as_html(page)
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def page_as_html(page: Page) -> str:
    """The page as the text of one HTML file."""
    html = (HERE / "page.html").read_text(encoding="utf-8")
    parts = {
        "STYLE": _shared_and_own(".css"),
        "SCRIPT": _shared_and_own(".js"),
        "PLOTS": "\n".join(f"<figure>{svg}</figure>" for _, svg in page.plots),
        "DATA": _as_json(page),
    }
    for name, part in parts.items():
        html = html.replace(f"<!--{name}-->", part)
    return html


def _shared_and_own(suffix: str) -> str:
    """The parts that the studio uses too, then those of this page alone."""
    return "".join((HERE / f"{name}{suffix}").read_text(encoding="utf-8") for name in ("parts", "page"))


def _as_json(page: Page) -> str:
    """JSON that is safe inside a script element: without `<`, nothing can end the element early."""
    tables = [
        {**asdict(table), "rows": [[_cell(c) for c in row] for row in table.rows], "best": []} for table in page.tables
    ]
    plain: dict[str, Any] = {**asdict(page), "tables": tables, "plots": []}
    return json.dumps(plain, allow_nan=False).replace("<", "\\u003c")


def _cell(cell: Cell) -> dict[str, Any]:
    """The text of a cell, and the value it is sorted by."""
    text = shown(cell)
    number = cell if isinstance(cell, (int, float)) else _leading_number(text)
    return {"text": text, "by": number if number == number else None}  # NaN is not equal to itself


def _leading_number(text: str) -> float | None:
    """The number that a text begins with, if any."""
    try:
        return float(text.split()[0])
    except (ValueError, IndexError):
        return None
