"""A result as a notebook shows it: some frames of the target's maps and of the final ones."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from boostvsod.boosting.record import choice_in_words, owner_of
from boostvsod.kinds import Maps, Result
from boostvsod.report.pictures import evenly_spaced, map_url

SHOWN = 8  # frames
STYLE = "width:110px;display:block;margin:0"


class ShownResult(Result):
    """A `Result` that notebooks show as a filmstrip."""

    def _repr_html_(self) -> str:
        return filmstrip(self)


def shown(result: Result) -> ShownResult:
    """The same result, for notebooks too."""
    return ShownResult(**vars(result))


def filmstrip(result: Result) -> str:
    """Evenly spaced frames as a small HTML table. The mined ones have a star."""
    target = str(result.record["target"])
    numbers = evenly_spaced(len(result.names), SHOWN)
    names = [f"{result.names[i]}{' *' if i in result.mined else ''}" for i in numbers]
    rows = [_row(owner_of(target), result.baseline, numbers), _row("final", result.maps, numbers)]
    choices = [
        f"frames {d.start} to {d.stop - 1}: {choice_in_words(d.choice, target)}: {d.why}" for d in result.decisions
    ]
    lines = [*choices, *result.notes, f"* learnt from; all files are in {result.folder}"]
    header = "".join(f"<th>{escape(name)}</th>" for name in names)
    text = "".join(f"<div>{escape(line)}</div>" for line in lines)
    return f"<table><tr><th></th>{header}</tr>{''.join(rows)}</table>{text}"


def _row(label: str, maps: Maps, numbers: Sequence[int]) -> str:
    pictures = "".join(f'<td><img style="{STYLE}" src="{map_url(maps[i])}"></td>' for i in numbers)
    return f"<tr><th>{escape(label)}</th>{pictures}</tr>"
