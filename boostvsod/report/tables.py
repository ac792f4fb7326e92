"""Tables as plain text, Markdown, LaTeX and CSV. The best value of a column can be marked."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from boostvsod.errors.text import printable

Cell = str | float | int | None
SPECIAL = {"\\": r"\textbackslash{}"}
FORMATS = ("text", "markdown", "latex", "csv")


@dataclass(frozen=True)
class Table:
    """Named columns and rows of cells. Floats are shown with three decimals.

    In the columns of `best`, the best values are bold in Markdown and LaTeX and have a star in plain text.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    best: Mapping[str, Callable[[Sequence[float]], float]] = field(default_factory=dict)  # column -> max or min
    folded: bool = False  # a page shows only its caption until the reader opens it

    def render(self, form: str) -> str:
        """The table as text in one of `FORMATS`."""
        return {"text": self._text, "markdown": self._markdown, "latex": self._latex, "csv": self._csv}[form]()

    def _shown(self, mark: str, escaped: Callable[[str], str] = str) -> list[list[str]]:
        """The texts of all cells; in `mark`, `{}` stands for the text of a best value."""
        rows = [[escaped(shown(cell)) for cell in row] for row in self.rows]
        for column, choose in self.best.items():
            at = list(self.columns).index(column)
            numbers = [cell for row in self.rows if isinstance(cell := row[at], float) and not math.isnan(cell)]
            winner = shown(choose(numbers)) if numbers else None  # as shown: what looks equal is equally good
            for row in rows:
                row[at] = mark.format(row[at]) if row[at] == winner else row[at]
        return rows

    def _text(self) -> str:
        cells = [list(self.columns), *self._shown("*{}")]
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
        lines += [_piped(row) for row in self._shown("**{}**", lambda cell: cell.replace("|", "\\|"))]
        return "\n".join(lines)

    def _latex(self) -> str:
        lines = [r"\begin{tabular}{l" + "r" * (len(self.columns) - 1) + "}", r"\toprule"]
        rows = self._shown(r"\textbf{{{}}}", _for_latex)
        lines += [_ampersands(map(_for_latex, self.columns)), r"\midrule", *map(_ampersands, rows)]
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


def _ampersands(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _for_latex(text: str) -> str:
    """The text with LaTeX's special characters escaped."""
    return re.sub(r"[&%$#_{}\\]", lambda found: SPECIAL.get(found[0], f"\\{found[0]}"), text)
