"""Tables as plain text, Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from boostvsod.errors.text import printable

Cell = str | float | int | None
FORMATS = ("text", "markdown", "latex", "csv")


@dataclass(frozen=True)
class Table:
    """Named columns and rows of cells. Floats are shown with three decimals."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""

    def render(self, form: str) -> str:
        """The table as text in one of `FORMATS`."""
        return {"text": self._text, "markdown": self._markdown, "latex": self._latex, "csv": self._csv}[form]()

    def _text(self) -> str:
        cells = [list(self.columns), *([shown(cell) for cell in row] for row in self.rows)]
        columns = list(zip(*cells, strict=True))
        widths = [max(map(len, column)) for column in columns]
        words = [i == 0 or any(isinstance(row[i], str) for row in self.rows) for i in range(len(columns))]
        lines = [self.caption] if self.caption else []
        for row in cells:
            placed = [c.ljust(w) if left else c.rjust(w) for c, w, left in zip(row, widths, words, strict=True)]
            lines.append("  ".join(placed).rstrip())
        return "\n".join(lines)

    def _markdown(self) -> str:
        lines = [f"*{self.caption}*", ""] if self.caption else []
        lines += [_piped(self.columns), _piped(["---", *["---:"] * (len(self.columns) - 1)])]
        lines += [_piped([shown(cell).replace("|", "\\|") for cell in row]) for row in self.rows]
        return "\n".join(lines)

    def _latex(self) -> str:
        lines = [r"\begin{tabular}{l" + "r" * (len(self.columns) - 1) + "}", r"\toprule"]
        lines += [_ampersands(self.columns), r"\midrule", *(_ampersands(map(shown, row)) for row in self.rows)]
        lines += [r"\bottomrule", r"\end{tabular}"]
        return "\n".join([*lines, f"% {self.caption}"] if self.caption else lines)

    def _csv(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([["" if cell is None else cell for cell in row] for row in self.rows])
        return text.getvalue().rstrip("\n")


def shown(cell: Cell) -> str:
    """The text of a cell, with names escaped."""
    if cell is None:
        return ""
    return f"{cell:.3f}" if isinstance(cell, float) else printable(str(cell))


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ampersands(cells: object) -> str:
    escaped = [str(cell).replace("\\", r"\textbackslash{}") for cell in cells]  # type: ignore[attr-defined]
    for special in "&%$#_{}":
        escaped = [cell if "textbackslash" in cell else cell.replace(special, f"\\{special}") for cell in escaped]
    return " & ".join(escaped) + r" \\"
