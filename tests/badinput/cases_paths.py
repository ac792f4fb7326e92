"""Paths that are missing, too long, loops, folders in place of files, and names that a terminal would obey."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from badinput.bad_files import archive, film, frames_and_masks, mask, picture
from badinput.harness import Case

NAMES = {  # names of files, as bytes: the system does not ask for UTF-8
    "an escape": b"a\x1b[31mred\x1b[0m",
    "a title": b"a\x1b]0;owned\x07",
    "a line break": b"a\nboostvsod: all is well",
    "a carriage return": b"a\rb",
    "a backspace": b"a\x08b",
    "a change of direction": "a\u202egpj.b".encode(),
    "no UTF-8": b"a\xff\xfe",
    "C1 control": "a\u009b31m".encode(),
    "a space": b" a b ",
    "a dash": b"-a",
    "a pattern": b"a[0-9]*?",
    "markup": b"[bold]a[/bold]<b>&",
    "braces": b"{video}{0}%d%s",
    "a colon": b"concat:a|b",
    "a quote": b"a'\"`$(id)",
    "other letters": "b\u00e4r\u718a\U0001f43b".encode(),
}
MEMORY = Path("/proc/self/mem")
SAFE = tuple(["a space", "a dash", "a pattern", "markup", "a colon", "a quote", "other letters"])
COMMANDS: dict[str, tuple[str, ...]] = {  # calls that take one path, X
    "run": ("run", "--target", "classic", "--recipe", "none", "-o", "{out}", "--video", "X"),
    "predict": ("predict", "X", "--target", "classic", "-o", "{out}"),
    "predict, maps": ("predict", "{in}/walk/frames", "--target", "maps:X", "-o", "{out}"),
    "predict, onnx": ("predict", "{in}/walk/frames", "--target", "X.onnx", "-o", "{out}"),
    "predict, python": ("predict", "{in}/walk/frames", "--target", "X.py:build", "-o", "{out}"),
    "flow": ("flow", "X", "-o", "{out}"),
    "flow, files": ("flow", "{in}/walk/frames", "--flow", "file", "--set", "file.folder=X", "-o", "{out}"),
    "eval, maps": ("eval", "X", "{in}/walk"),
    "eval, truth": ("eval", "{in}/maps", "X"),
    "datasets": ("datasets", "X"),
    "bench": ("bench", "--dataset", "X", "--target", "classic", "--recipe", "none", "-o", "{out}"),
    "train": ("train", "saliency", "--data", "X", "-o", "{out}/w.safetensors"),
    "report": ("report", "X"),
    "explain": ("explain", "X"),
    "weights add": ("weights", "add", "u2net", "X"),
    "weights convert": ("weights", "convert", "X", "{out}/w.safetensors"),
    "recipe": ("run", "--video", "{in}/walk/frames", "--recipe", "X.toml", "-o", "{out}"),
}


def cases() -> Iterator[Case]:
    """All cases of this file."""
    yield from _bad_places()
    yield from _unreadable()
    yield from _odd_names()
    yield from _wrong_kinds()
    yield from _own_outputs()


def _bad_places() -> Iterator[Case]:
    places = {
        "missing": "{in}/nowhere",
        "below a file": "{in}/file.txt/x",
        "too long": "{in}/" + "x" * 5000,
        "an unknown user": "~nobody-of-this-name/x",
        "a loop": "{in}/loop",
        "a dead link": "{in}/dead",
        "a pipe": "{in}/pipe",
    }
    for place, path in places.items():
        for command, arguments in COMMANDS.items():
            if place == "a pipe" and command in ("weights convert", "weights add", "report", "explain"):
                continue  # click opens nothing; these only read regular files, see the missing ones
            filled = tuple(argument.replace("X", path) for argument in arguments)
            yield Case(f"{command}: {place}", filled, _files(), (2, 3, 4, 5), make=_links)


def _unreadable() -> Iterator[Case]:
    """Files that exist and cannot be read, not even by root: links to the memory of this process."""
    for command, arguments in COMMANDS.items():
        if not MEMORY.exists():
            return
        name = next(argument for argument in arguments if "X" in argument)
        suffix = name.partition("X")[2].partition(":")[0]
        filled = tuple(argument.replace("X", "{in}/x") for argument in arguments)
        yield Case(f"{command}: unreadable", filled, _files(), (2, 3, 4, 5), make=_at(f"x{suffix}", _memory))
        if command not in ("recipe", "report", "explain", "predict, onnx", "predict, python"):
            inside = tuple(argument.replace("X", "{in}/y") for argument in arguments)
            exits = (0,) if command == "datasets" else (2, 3, 4, 5)  # it counts files and reads none
            yield Case(f"{command}: unreadable inside", inside, _files(), exits, make=_full_of_memory)


def _memory(given: Path, name: str) -> None:
    (given / name).symlink_to(MEMORY)


def _full_of_memory(given: Path) -> None:
    for name in ("00000.png", "00000.flo", "frames/00000.png", "masks/00000.png"):
        (given / "y" / name).parent.mkdir(parents=True, exist_ok=True)
        (given / "y" / name).symlink_to(MEMORY)


def _files() -> dict[str, bytes]:
    maps = {f"maps/walk/{i:05d}.png": mask(i) for i in range(3)}
    return frames_and_masks() | maps | {"file.txt": b"", "flow.npy": b""}


def _links(given: Path) -> None:
    (given / "loop").symlink_to("loop")
    (given / "dead").symlink_to("nowhere")
    os.mkfifo(given / "pipe")


def _odd_names() -> Iterator[Case]:
    for name, raw in NAMES.items():
        odd = os.fsdecode(raw)
        works = (0,) if name in SAFE else (0, 2, 3)
        yield Case(f"film called {name}", _run(f"{{in}}/{odd}.mp4"), {f"{odd}.mp4": film()}, works)
        frames = {f"{odd}/{i}.png": picture(i=i) for i in range(3)}
        yield Case(f"folder called {name}", _run(f"{{in}}/{odd}"), frames, works)
        yield Case(
            f"pictures called {name}", _run("{in}/walk"), {f"walk/{odd}{i}.png": picture(i=i) for i in range(3)}, works
        )
        damaged = {f"walk/{odd}.png": b"x"}
        yield Case(f"damaged picture called {name}", _run("{in}/walk"), damaged, (3,))
        yield Case(f"film without a name, {name}", _run("{in}"), {f"{odd}.mp4": film(), f"{odd}2.mp4": b"x"}, (2, 3))
        yield Case(f"missing, called {name}", _run(f"{{in}}/{odd}.mp4"), {}, (3,))
        data = frames_and_masks(f"{odd}/")
        yield Case(f"data set called {name}", ("datasets", f"{{in}}/{odd}"), data, (0, 3))
        maps = {f"maps/{odd}/{i:05d}.png": mask(i) for i in range(3)}
        yield Case(f"eval of {name}", ("eval", "{in}/maps", f"{{in}}/{odd}"), data | maps, (0, 3))
        if b"\xff" not in raw:
            zipped = archive({f"{odd}/{i}.png": picture(i=i) for i in range(3)})
            yield Case(f"member called {name}", _run(f"{{in}}/a.zip/{odd}"), {"a.zip": zipped}, (0, 2, 3))


def _run(path: str) -> tuple[str, ...]:
    return "run", "--target", "classic", "--recipe", "none", "--video", path, "-o", "{out}"


def _wrong_kinds() -> Iterator[Case]:
    """Folders in place of files, and the other way round."""
    for command, arguments in COMMANDS.items():
        name = next(argument for argument in arguments if "X" in argument)
        suffix = name.partition("X")[2].partition(":")[0]
        filled = tuple(argument.replace("X", "{in}/x") for argument in arguments)
        kinds: dict[str, Callable[[Path, str], None]] = {
            "an empty folder": _folder,
            "an empty file": _file,
            "a binary": _binary,
        }
        for kind, make in kinds.items():
            exits = (0,) if (command, kind) == ("recipe", "an empty file") else (2, 3, 4, 5)
            yield Case(f"{command}: {kind}", filled, _files(), exits, make=_at(f"x{suffix}", make))
    listed = {"list.txt": b"walk/frames/00000.png\nnowhere.png\n"}
    yield Case("a list with a missing picture", _run("{in}/list.txt"), _files() | listed)
    yield Case("a list with a folder", _run("{in}/list.txt"), _files() | {"list.txt": b"walk\n"})
    yield Case("a list of nothing", _run("{in}/list.txt"), {"list.txt": b"\n\n"})
    yield Case("a list in UTF-16", _run("{in}/list.txt"), {"list.txt": "a.png\n".encode("utf-16")})
    yield Case("a list with a null", _run("{in}/list.txt"), {"list.txt": b"a\0b.png\n"})
    yield Case("a list of itself", _run("{in}/list.txt"), {"list.txt": b"list.txt\n"})
    yield Case("a pattern of folders that fits none", _run("{in}/q*/frames"), _files())
    output_file = ("predict", "{in}/walk/frames", "--target", "classic", "-o", "{in}/file.txt")
    yield Case("the output is a file", output_file, _files(), (7,))
    yield Case("run, the output is a file", (*_run("{in}/walk/frames")[:-1], "{in}/file.txt"), _files(), (7,))
    yield Case("flow, the output is a file", ("flow", "{in}/walk/frames", "-o", "{in}/file.txt"), _files(), (7,))
    below = ("eval", "{in}/maps", "{in}/walk", "-o", "{in}/file.txt/x.md")
    yield Case("eval, the output is below a file", below, _files(), (7,))


def _at(name: str, make: Callable[[Path, str], None]) -> Callable[[Path], None]:
    return lambda given: make(given, name)


def _folder(given: Path, name: str) -> None:
    (given / name).mkdir()


def _file(given: Path, name: str) -> None:
    (given / name).write_bytes(b"")


def _binary(given: Path, name: str) -> None:
    (given / name).write_bytes(bytes(range(256)) * 20)


def _own_outputs() -> Iterator[Case]:
    """Results of earlier runs in the folder that is given are not taken for input."""
    result = {".boostvsod/index.json": b"{}", "maps/00000.png": mask(), "run.json": b"{}"}
    runs = {f"runs/a/{name}": data for name, data in result.items()}
    mixed = {"a.mp4": film(), **runs, "old/bench.json": b"{}", "old/x.png": mask(), ".hidden/x.png": mask()}
    yield Case("its own results are no input", _run("{in}"), mixed, (0,))
    yield Case("only its own results", _run("{in}"), runs, (3,), "neither pictures nor videos")
