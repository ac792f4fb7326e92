"""Weights and networks from strangers: pickles that would run code, and damaged files."""

from __future__ import annotations

import functools
import io
import pickle
import struct
from collections.abc import Iterator
from pathlib import Path

import torch
from badinput.bad_files import archive, damages, frames_and_masks, hostile_pickle, safetensors
from badinput.harness import Case, write_all

DATA = frames_and_masks()
HEAD = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}


def cases() -> Iterator[Case]:
    """All cases of this file."""
    for name, (file, data) in {**_tensors(), **_others()}.items():
        yield Case(
            f"convert: {name}", ("weights", "convert", f"{{in}}/{file}", "{out}/w.safetensors"), {file: data}, (5,)
        )
        yield Case(f"add: {name}", ("weights", "add", "u2net", f"{{in}}/{file}"), {file: data}, (5,))
        call = ("predict", "{in}/walk/frames", "--target", f"lite:{{in}}/{file}", "-o", "{out}")
        yield Case(f"predict: {name}", call, DATA | {file: data}, (2, 3, 5))
    for protocol in (0, 2, 4):
        for wrapped in (False, True):
            label = f"pickle {protocol}{' in a zip' if wrapped else ''}"
            make = functools.partial(_hostile, protocol=protocol, wrapped=wrapped)
            for verb in (("convert", "{in}/w.pth", "{out}/w.safetensors"), ("add", "u2net", "{in}/w.pth")):
                yield Case(f"{verb[0]}: {label}", ("weights", *verb), {}, (5,), make=make, never="OBEYED")
            call = ("predict", "{in}/walk/frames", "--target", "lite:{in}/w.pth", "-o", "{out}")
            yield Case(f"predict: {label}", call, DATA, (2, 5), make=make, never="OBEYED")
    for damage, data in damages(b"\x08\x08\x12\x04test:\x10\x0a\x02ab", 9).items():
        call = ("predict", "{in}/walk/frames", "--target", "{in}/net.onnx", "-o", "{out}")
        yield Case(f"onnx: {damage}", call, DATA | {"net.onnx": data}, (3, 4, 5))
    yield from _code()


def _hostile(given: Path, protocol: int, wrapped: bool) -> None:
    """A checkpoint that makes the file OBEYED beside IN when it is obeyed."""
    data = hostile_pickle(given.parent / "OBEYED", protocol)
    packed = archive({"w/data.pkl": data, "w/version": b"3\n"}) if wrapped else data
    write_all(given, {"w.pth": packed})


def _tensors() -> dict[str, tuple[str, bytes]]:
    """Files with a good beginning."""
    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(4)}, buffer)
    good = buffer.getvalue()
    keep = ("empty", "one byte", "half", "noise", "zeros", "text")
    damaged = {f"pth, {name}": ("w.pth", data) for name, data in damages(good, 10).items() if name in keep}
    plain = safetensors(HEAD, struct.pack("<2f", 1, 2))
    damaged |= {f"safetensors, {n}": ("w.safetensors", data) for n, data in damages(plain, 11).items() if n in keep}
    caffe = b"\xa2\x06\x10\x0a\x04conv\x3a\x08\x2a\x04\0\0\x80\x3f"
    damaged |= {f"caffemodel, {n}": ("w.caffemodel", data) for n, data in damages(caffe, 12).items() if n in keep[2:]}
    return damaged


def _others() -> dict[str, tuple[str, bytes]]:
    """Files that are whole and wrong."""
    objects = {"a list": [1, 2], "a number": 1, "a text": "x", "None": None, "nested": {"state_dict": {"x": 3}}}
    heads: dict[str, bytes] = {
        "a header of 2^60": safetensors(HEAD, length=2**60),
        "no JSON": safetensors(b"{{{{"),
        "a list as header": safetensors([]),
        "an unknown type": safetensors({"a": {**HEAD["a"], "dtype": "X9"}}, b"\0" * 8),
        "a tensor of 2^40": safetensors({"a": {**HEAD["a"], "shape": [2**40]}}, b"\0" * 8),
        "overlapping tensors": safetensors({**HEAD, "b": HEAD["a"]}, b"\0" * 8),
        "offsets that lead out": safetensors({"a": {**HEAD["a"], "data_offsets": [0, 2**40]}}, b"\0" * 8),
    }
    wrong = {name: ("w.pth", pickle.dumps(value)) for name, value in objects.items()}
    return wrong | {f"safetensors: {name}": ("w.safetensors", data) for name, data in heads.items()}


def _code() -> Iterator[Case]:
    """Python files whose code fails."""
    sources = {
        "no Python": b"this is no Python",
        "no function": b"x = 1\n",
        "an error on import": b"raise ValueError('no')\n",
        "an exit on import": b"import sys\nsys.exit(0)\n",
        "an error in build": b"def build():\n    raise ValueError('no')\n",
        "an exit in build": b"def build():\n    raise SystemExit(0)\n",
        "an error in predict": b"def build():\n    return lambda rgb: 1 / 0\n",
        "None": b"def build():\n    return lambda rgb: None\n",
        "a text": b"def build():\n    return lambda rgb: 'map'\n",
        "no target": b"def build():\n    return 3\n",
        "NaN": b"def build():\n    return lambda rgb: rgb[..., 0] * float('nan')\n",
        "another size": b"import numpy as np\ndef build():\n    return lambda rgb: np.zeros((3, 3))\n",
        "bytes": b"def build():\n    return lambda rgb: rgb[..., 0]\n",
        "a change of the frame": b"def build():\n    return lambda rgb: rgb.fill(0) or rgb[..., 0] / 1.0\n",
        "an escape in an error": b"def build():\n    raise ValueError('\\x1b[31m')\n",
    }
    for name, data in sources.items():
        call = ("predict", "{in}/walk/frames", "--target", "{in}/m.py:build", "-o", "{out}")
        yield Case(f"python: {name}", call, DATA | {"m.py": data}, (2, 4))
