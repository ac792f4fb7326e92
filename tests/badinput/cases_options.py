"""Wrong options, numbers, settings and recipe files."""

from __future__ import annotations

from collections.abc import Iterator

from badinput.bad_files import frames_and_masks
from badinput.harness import Case

RUN = ("run", "--video", "{in}/walk/frames", "--target", "classic", "-o", "{out}")
TRAIN = ("train", "saliency", "--data", "{in}", "-o", "{out}/w.safetensors")
DATA = frames_and_masks()
NUMBERS = ("nan", "inf", "-1", "1e308", "1180591620717411303424", "text", "''", "true", "[1, 2]")


def cases() -> Iterator[Case]:
    """All cases of this file."""
    yield from _settings()
    yield from _recipes()
    yield from _options()


def _settings() -> Iterator[Case]:
    for text in (
        "", "=", ".", "a", "a.b", "a=1", ".=1", "recipe.=1", "recipe.flow", "recipe.nothing=1", "nothing.x=1",
        "train.nothing=1", "recipe.flow=nothing", "recipe.flow=1", "recipe.miner=nothing", "recipe.student=nothing",
        "recipe.fuser=nothing", "recipe.gate=maybe", "recipe.learner=magic", "recipe.motion=nothing",
        "train.optimizer=magic", "train.loss=magic", "train.schedule=magic", "recipe.mirror=maybe",
        "contrast.nothing=1", "dis.nothing=1", "recipe.flow={a=1}", "train.lr=\x1b[31m", "recipe.densifier=nothing",
    ):  # fmt: skip
        yield Case(f"--set {text!r}", (*RUN, "--set", text), DATA, (2,))
    for key in ("train.lr", "train.batch", "train.size", "train.momentum", "recipe.buffer", "recipe.flow_scale"):
        for number in NUMBERS:
            yield Case(f"--set {key}={number}", (*RUN, "--set", f"{key}={number}"), DATA, (2,))
    for key in ("augment.nothing=1", "train.accumulate=0", "train.lr=nan", "nothing.x=1", "train.batch=0"):
        yield Case(f"train --set {key}", (*TRAIN, "--set", key), DATA, (2,))


def _recipes() -> Iterator[Case]:
    recipes = {
        "empty": (b"", (0, 2)),
        "no TOML": (b"this is no TOML", (2,)),
        "a binary": (bytes(range(256)), (2,)),
        "UTF-16": ("[recipe]\n".encode("utf-16"), (2,)),
        "an unknown table": (b"[nothing]\nx = 1\n", (2,)),
        "an unknown key": (b"[recipe]\nnothing = 1\n", (2,)),
        "a wrong type": (b"[recipe]\nbuffer = 'ten'\n", (2,)),
        "a list for a table": (b"recipe = [1, 2]\n", (2,)),
        "a table in a table": (b"[recipe.flow.x]\ny = 1\n", (2,)),
        "an array of tables": (b"[[recipe]]\nflow = 'dis'\n", (2,)),
        "nested 2000 deep": (b"x = " + b"[" * 2000 + b"]" * 2000, (2,)),
        "a date": (b"[train]\nlr = 2020-01-01\n", (2,)),
        "NaN": (b"[train]\nlr = nan\n", (2,)),
        "a huge number": (b"[train]\nbatch = " + b"9" * 5000, (2,)),
        "a key twice": (b"[train]\nlr = 1.0\nlr = 2.0\n", (2,)),
        "an escape": (b"[recipe]\nflow = '\\u001b[31m'\n", (2,)),
        "a null": (b'[recipe]\nflow = "a\\u0000b"\n', (2,)),
        "an unknown flow": (b"[recipe]\nflow = 'nothing'\n", (2,)),
    }
    for name, (data, exits) in recipes.items():
        yield Case(f"recipe file: {name}", (*RUN, "--recipe", "{in}/r.toml"), DATA | {"r.toml": data}, exits)
    yield Case("an unknown recipe", (*RUN, "--recipe", "nothing"), DATA, (2,))
    yield Case("bench, an unknown recipe", (*_bench(), "--recipe", "nothing"), DATA, (2,))


def _bench() -> tuple[str, ...]:
    return "bench", "--dataset", "{in}", "--target", "classic", "-o", "{out}"


def _options() -> Iterator[Case]:
    for extra in (
        ("--device", "tpu"), ("--device", "cuda:x"), ("--precision", "int8"), ("--threads", "0"), ("--threads", "x"),
        ("--seed", "x"), ("--bits", "12"), ("--save", "everything"), ("--gate", "maybe"), ("--flow", "nothing"),
        ("--weights", "nothing=x"), ("--nothing",), ("--target", "nothing"), ("--target", ""), ("--target", ":"),
        ("--target", "classic:x"), ("--target", "maps:"), ("--target", "\x1b[31m"), ("--recipe", ""),
    ):  # fmt: skip
        exits = (0, 2, 3) if extra[1:] == ("",) and extra[0] == "--target" else (2, 3, 4)
        yield Case(f"run {' '.join(extra)!r}", (*RUN, "--recipe", "none", *extra), DATA, exits)
    for arguments in (
        ("run",), ("run", "--video", ""), ("predict",), ("flow",), ("eval",), ("eval", "x"), ("bench",), ("report",),
        ("explain",), ("weights",), ("weights", "add"), ("weights", "add", "nothing", "{in}"), ("weights", "get"),
        ("weights", "get", "nothing"), ("weights", "path", "nothing"), ("weights", "nothing"), ("train",),
        ("train", "nothing"), ("train", "saliency"), ("list", "nothing"), ("list", "\x1b[31m"), ("list", "--nothing"),
        ("doctor", "x"), ("doctor", "--nothing"), ("datasets", ""), ("datasets", "--format", "x", "{in}"),
        ("demo", "--target", "nothing", "-o", "{out}"), ("demo", "--recipe", "nothing", "-o", "{out}"),
        ("demo", "--set", "x", "-o", "{out}"), ("demo", "x"), ("bench", "flow", "--size", "big"),
        ("bench", "flow", "--size", "0x0"), ("bench", "flow", "--backend", "nothing"), ("bench", "nothing"),
        ("nothing",), ("plugins", "new"), ("plugins", "new", "x", "--kind", "nothing"), ("plugins", "check"),
        ("plugins", "new", "\x1b[31m", "--kind", "target", "-o", "{out}"), ("plugins", "check", "\x1b[31m"),
        ("plugins", "new", "../x", "--kind", "flow", "-o", "{out}"), ("plugins", "check", "nothing"),
        ("plugins", "check", "{in}/x.py:build"), ("plugins", "check", "{in}/x.onnx"), ("plugins", "check", ""),
        ("plugins", "check", "dis", "--set", "x"), ("plugins", "check", "dis", "--kind", "nothing"),
        ("plugins", "check", "nr", "--set", "T=nan"), ("plugins", "check", "maps"), ("plugins", "check", "maps:{in}"),
        ("list", "miners", "nothing"), ("list", "nothing", "nr"),
        ("bench", "flow", "--backend", "dis", "--runs", "0"), ("bench", "flow", "--backend", "dis", "--size", "-5x9"),
        ("weights", "get", "u2net", "--offline"), ("weights", "convert", "{in}/x", "{out}/x.txt"),
    ):  # fmt: skip
        name = " ".join(arguments)
        yield Case(f"arguments {name!r}", arguments, {}, (0, 2) if name in ("weights", "train") else (2, 3, 4, 5))
    for extra in (
        ("--seeds", "0"), ("--jobs", "0"), ("--shard", "3"), ("--shard", "0/0"), ("--shard", "9/2"),
        ("--control", "nothing"), ("--sweep", "x"), ("--change", "x"), ("--paper", "nothing"), ("--video", "nothing"),
        ("--protocol", "nothing"), ("--executor", "magic"), ("--layout", "nothing"), ("--devices", "tpu"),
    ):  # fmt: skip
        yield Case(
            f"bench {' '.join(extra)}", (*_bench(), "--recipe", "none", "--control", "none", *extra), DATA, (2, 3, 4)
        )
    for extra in (
        ("--epochs", "nan"), ("--epochs", "-1"), ("--epochs", "inf"), ("--epochs", "0"), ("--size", "0"),
        ("--size", "-5"), ("--checks", "0"), ("--checks", "-1"), ("--workers", "-1"), ("--student", "nothing"),
        ("--init", "{in}/nothing"), ("--validate", "{in}/nothing"), ("--size", "x"),
    ):  # fmt: skip
        yield Case(f"train {' '.join(extra)}", (*TRAIN, *extra), DATA, (2, 3, 5))
    for scale in ("nan", "inf", "0", "-1", "1e308", "1000", "x"):
        call = ("flow", "{in}/walk/frames", "--scale", scale, "-o", "{out}")
        yield Case(f"flow --scale {scale}", call, DATA, (2,))
