"""`boostvsod eval`: score maps against ground truth."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from boostvsod.cli.options import Number, debug_option, format_option, no_plugins_option, overwrite_option, say, show

if TYPE_CHECKING:
    from boostvsod.metrics.scores import Averages
    from boostvsod.report.tables import Table
    from boostvsod.scoring import Evaluation, Protocol


DATA = "{data}"
LOWER = ("MAE", "MAE_raw", "J_decay", "F_decay", "flicker")  # measures of which lower values are better
CURVES = {"pr": ("R", "P", "recall", "precision"), "f": ("", "F", "threshold", "F"), "e": ("", "E", "threshold", "E")}
F = TypeVar("F", bound=Callable[..., Any])
Results = dict[str, dict[str, "Evaluation"]]  # data set -> method -> its scores


def _curve_option(name: str, what: str) -> Callable[[F], F]:
    return click.option(f"--{name}", type=click.Path(path_type=Path), help=f"Write {what} curves to this SVG file.")


@click.command("eval")
@click.argument("words", nargs=-1, required=True, metavar="PRED... GT")
@click.option("--gt", "more", multiple=True, metavar="[NAME=]GT", help="Data set, instead of the last GT; repeatable.")
@click.option("--protocol", default="video", show_default=True, help="video, davsod, flat or davis.")
@click.option("--layout", default="", help="Layout of GT. Default: detected.")
@click.option("--jobs", type=Number(int, 1, 1024), default=1, show_default=True, help="Processes.")
@click.option("--allow-missing", is_flag=True, help="Score the frames that both have; report the others.")
@click.option("--stability", is_flag=True, help="Also measure how much maps flicker along the optical flow.")
@click.option("--measures", default="", help="Columns of the tables, as in MAE,maxF,S. Default: the protocol's.")
@format_option
@click.option("--json", "as_json", is_flag=True, help="Print all numbers as JSON with flat keys.")
@click.option("--per-frame", type=click.Path(path_type=Path), help="Write the scores of each frame to this CSV file.")
@_curve_option("pr", "precision-recall")
@_curve_option("f", "F")
@_curve_option("e", "E")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the tables to this file.")
@overwrite_option
@debug_option
@no_plugins_option
def command(
    words: tuple[str, ...], more: tuple[str, ...], protocol: str, layout: str, measures: str, form: str, as_json: bool,
    per_frame: Path | None, output: Path | None, overwrite: bool, **options: Any,
) -> None:  # fmt: skip
    """Score maps against ground truth: `boostvsod eval MAPS GT`.

    PRED is a folder of maps, one folder of maps for each sequence, a run, or a path with {video} in it, which may be
    inside a zip: data.zip/{video}/pred. NAME=PRED gives the method a name. GT is a data set, a folder or zip of frames
    and masks, or of masks alone. With --gt, all words are PRED, and {data} in PRED is replaced by the name of the data
    set. The best values of several methods are bold, with a star in plain text. Nothing is written to PRED or GT.
    """
    from boostvsod.scoring import protocol_called

    plots = {name: path for name in CURVES if (path := options.pop(name)) is not None}
    methods, truths = _split(words, more)
    files = {"--output": output, "--per-frame": per_frame, **{f"--{name}": path for name, path in plots.items()}}
    write = _checked_writer(files, [*methods.values(), *truths.values()], overwrite)
    rules = protocol_called(protocol)
    keys = _columns(measures, rules.show, options["stability"])
    results, captions = _evaluate(methods, truths, rules, layout, options)
    text = _json(results) if as_json else "\n\n".join(t.render(form) for t in _tables(results, keys, captions))
    write(text, output)
    if per_frame is not None:
        write(_frames(results).render("csv"), per_frame)
    for name, path in plots.items():
        write(_plot(results, *CURVES[name]), path)


def _split(words: Sequence[str], more: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The methods and the data sets: name -> path."""
    from boostvsod.errors import ConfigError

    methods, truths = (words, more) if more else (words[:-1], words[-1:])
    if not methods:
        raise ConfigError("eval needs maps and ground truth: boostvsod eval MAPS GT")
    return _named(methods), _named(truths)


def _named(words: Sequence[str]) -> dict[str, str]:
    """Name -> path. The name of a path is its last part, or as many as are needed to make the names different."""
    from boostvsod.errors import ConfigError
    from boostvsod.media.archive import first_twice
    from boostvsod.targets import split_label

    labels = [split_label(word.replace(DATA, "") if "=" not in word else word) for word in words]
    paths = [path if "=" in word else word for word, (_, path) in zip(words, labels, strict=True)]
    names = [label for label, _ in labels]
    for depth in range(2, max(path.count("/") for path in paths) + 2):
        twice = {name for name in names if names.count(name) > 1}
        names = [_last(path, depth) if name in twice else name for name, path in zip(names, paths, strict=True)]
    if (same := first_twice(names)) is not None:
        raise ConfigError(f"two are called {same!r}; give them different names: NAME=PATH")
    return dict(zip(names, paths, strict=True))


def _last(path: str, depth: int) -> str:
    """The last folders of a path."""
    return "/".join(path.rstrip("/").split("/")[-depth:])


def _columns(measures: str, usual: Sequence[str], stability: bool) -> list[str]:
    """The measures that the tables show."""
    from boostvsod.errors import ConfigError
    from boostvsod.scoring import MEASURES

    if not measures:
        return [*usual, *(["flicker"] if stability else [])]
    chosen = [key.strip() for key in measures.split(",")]
    known = [*MEASURES, *(["flicker"] if stability else [])]
    if unknown := [key for key in chosen if key not in known]:
        raise ConfigError(f"--measures: {unknown[0]!r} is unknown; there are: {', '.join(known)}")
    return chosen


def _evaluate(
    methods: Mapping[str, str], truths: Mapping[str, str], rules: Protocol, layout: str, options: dict[str, Any]
) -> tuple[Results, dict[str, str]]:
    """All methods on all data sets, and a caption for each data set."""
    from boostvsod.datasets.layouts import open_dataset
    from boostvsod.scoring import evaluate

    results: Results = {}
    captions = {}
    for name, truth in truths.items():
        data = open_dataset(truth, layout, masks_alone=True)
        about = f"{data.layout.title}, {len(data.sequences)} sequences"
        captions[name] = f"{about}; protocol {rules.name}: {rules.summary}"
        maps = {method: path.replace(DATA, name) for method, path in methods.items()}
        results[name] = {method: evaluate(path, data, rules, **options) for method, path in maps.items()}
    for each in results.values():
        for method, evaluation in each.items():
            for note in evaluation.notes:
                say(f"{method}: note: {note}")
    return results, captions


def _json(results: Results) -> str:
    """All numbers; the names of methods and data sets are keys where there are several."""
    each = {
        data: _alone({method: evaluation.as_dict() for method, evaluation in of_data.items()})
        for data, of_data in results.items()
    }
    return json.dumps(_alone(each), indent=2)


def _alone(values: dict[str, Any]) -> Any:
    return values if len(values) > 1 else next(iter(values.values()))


def _tables(results: Results, keys: Sequence[str], captions: Mapping[str, str]) -> list[Table]:
    """One table that compares the methods on all data sets, then one for each method with its sequences."""
    from boostvsod.report.tables import Table

    tables = [_comparison(results, keys, captions)]
    for data, each in results.items():
        for name, evaluation in each.items():
            rows: list[list[Any]] = [[s.name, *_cells(s.averages, keys), len(s.frames)] for s in evaluation.sequences]
            title = f"{name} on {data}" if len(results) > 1 else name
            tables.append(Table(["sequence", *keys, "frames"], rows, title))
    return tables


def _comparison(results: Results, keys: Sequence[str], captions: Mapping[str, str]) -> Table:
    """A row for each method, and the measures of each data set side by side. The best of several is marked."""
    from boostvsod.report.tables import Table

    several = len(results) > 1
    columns = [f"{data} {key}" if several else key for data in results for key in keys]
    names = list(next(iter(results.values())))  # of the methods
    rows: list[list[Any]] = [[name] for name in names]
    for row in rows:
        for each in results.values():
            row += _cells(each[row[0]].averages, keys)
    better = [min if key in LOWER else max for _ in results for key in keys]
    caption = "; ".join(f"{data}: {text}" for data, text in captions.items()) if several else _alone(dict(captions))
    best = dict(zip(columns, better, strict=True)) if len(names) > 1 else {}
    return Table(["method", *columns], rows, caption, best)


def _cells(averages: Averages, keys: Sequence[str]) -> list[float]:
    numbers = averages.result()
    return [numbers[key] for key in keys]


def _frames(results: Results) -> Table:
    """The scores of every frame of every sequence."""
    from boostvsod.report.tables import Table

    scored: list[tuple[list[Any], Mapping[str, float]]] = [
        ([data, method, sequence.name, frame], scores)
        for data, each in results.items()
        for method, evaluation in each.items()
        for sequence in evaluation.sequences
        for frame, scores in sequence.frames.items()
    ]
    keys = list(scored[0][1])
    rows: list[list[Any]] = [[*names, *(scores[key] for key in keys)] for names, scores in scored]
    return Table(["data", "method", "sequence", "frame", *keys], rows)


def _plot(results: Results, across: str, up: str, across_label: str, up_label: str) -> str:
    """A curve for each method and data set as one SVG. Without `across`, the curves run over the thresholds."""
    from boostvsod.report.plots import line_plot

    lines = {}
    for data, each in results.items():
        for method, evaluation in each.items():
            curves = evaluation.averages.curves
            y = curves[up].tolist()
            x = curves[across].tolist() if across else [i / (len(y) - 1) for i in range(len(y))]
            lines[f"{method}, {data}" if len(results) > 1 else method] = list(zip(x, y, strict=True))
    return line_plot(lines, across_label, up_label)


def _checked_writer(
    files: Mapping[str, Path | None], inputs: list[str], overwrite: bool
) -> Callable[[str, Path | None], None]:
    """A function that writes a text to a file, or prints it if there is none. Refuses bad files now."""
    from boostvsod.cli.inputs import paths_in
    from boostvsod.errors import ConfigError
    from boostvsod.files import Outputs

    given = {option: path for option, path in files.items() if path is not None}
    for option, path in given.items():
        if list(given.values()).count(path) > 1:
            raise ConfigError(f"{option} {path}: two outputs cannot have the same name")
        if option.lstrip("-") in CURVES and path.suffix != ".svg":
            raise ConfigError(f"{option} {path}: the name must end in .svg")
    places = {path: Outputs(path.parent, inputs=paths_in(inputs), overwrite=overwrite) for path in given.values()}
    for path, outputs in places.items():
        outputs.check(path.name)

    def write(text: str, path: Path | None) -> None:
        if path is None:
            show(text)
            return
        places[path].write_text(path.name, text + "\n")
        say(f"wrote {path}")

    return write
