"""Line plots as SVG text, for reports and for files of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#0b6bcb", "#d1495b", "#2e933c", "#8f5fbf", "#c77700", "#00818a", "#7a5c3e", "#5c677d")
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 460, 306, 46, 40, 12
Line = Sequence[tuple[float, float]]


def line_plot(lines: Mapping[str, Line], across: str, up: str, *, low: float = 0.0) -> str:
    """An SVG of lines with a legend. x runs from 0 to 1, y from `low` to 1; `across` and `up` label the axes."""
    drawn = [_polyline(points, COLOURS[i % len(COLOURS)], low) for i, points in enumerate(lines.values())]
    legend = [_legend(i, name) for i, name in enumerate(lines)]
    height = HEIGHT + 10 + 18 * len(legend)
    size = f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join([head, *_axes(across, up, low), *drawn, *legend, "</svg>"])


def _place(x: float, y: float, low: float) -> str:
    """A point of the plot in SVG coordinates."""
    wide, high = WIDTH - LEFT - 12, HEIGHT - BOTTOM - TOP
    return f"{LEFT + wide * x:.1f},{TOP + high * (1 - (y - low) / (1 - low)):.1f}"


def _polyline(points: Line, colour: str, low: float) -> str:
    path = " ".join(_place(x, max(y, low), low) for x, y in points)
    return f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>'


def _axes(across: str, up: str, low: float) -> list[str]:
    parts = []
    for step in range(6):
        share = step / 5
        value = low + (1 - low) * share
        (left, y), (right, _) = (_place(x, value, low).split(",") for x in (0, 1))
        x = _place(share, low, low).split(",")[0]
        parts.append(f'<line x1="{left}" y1="{y}" x2="{right}" y2="{y}" stroke="#8884"/>')
        parts.append(_text(f'x="{LEFT - 6}" y="{float(y) + 4:.1f}" text-anchor="end"', f"{value:.2g}"))
        parts.append(_text(f'x="{x}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle"', f"{share:.1f}"))
    parts.append(_text(f'x="{WIDTH / 2}" y="{HEIGHT - 4}" text-anchor="middle"', across))
    parts.append(_text(f'transform="translate(12 {HEIGHT / 2}) rotate(-90)" text-anchor="middle"', up))
    return parts


def _text(place: str, text: str) -> str:
    return f'<text {place} fill="#888">{escape(text)}</text>'


def _legend(i: int, name: str) -> str:
    y, colour = HEIGHT + 10 + 18 * i, COLOURS[i % len(COLOURS)]
    mark = f'<rect x="{LEFT}" y="{y}" width="14" height="4" fill="{colour}"/>'
    return mark + _text(f'x="{LEFT + 20}" y="{y + 6}"', name)
