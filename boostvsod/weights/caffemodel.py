"""Reading .caffemodel files: the part of Caffe's protobuf format that weights need.

A message is a sequence of fields. Each has a number and a wire type (0: a varint, 1: 8 bytes, 2: a length and
that many bytes, 5: 4 bytes). Only these fields of Caffe's messages are read:

    NetParameter      layer = 100 (new format), layers = 2 (old format, V1)
    LayerParameter    name = 1, blobs = 7;   V1LayerParameter  name = 4, blobs = 6
    BlobProto         shape = 7, or num, channels, height, width = 1 .. 4; data = 5, double_data = 8
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from boostvsod.errors import WeightsError

Field = tuple[int, int, "int | memoryview"]  # number, wire type, value
Blobs = dict[str, list[np.ndarray]]
LAYERS = {100: (1, 7), 2: (4, 6)}  # field of the layer -> fields of its name and of its blobs
PEEPHOLES = tuple(f"hadamard_{gate}.weight" for gate in ("input", "forget", "output"))
# The names of a module's tensors, in the order of the blobs of its Caffe layer.
ORDERS = (
    ("weight", "bias"),
    ("weight", "bias", "running_mean", "running_var"),  # BN of PSPNet's version of Caffe
    ("running_mean", "running_var"),  # BatchNorm: both are divided by a third blob
    ("x_transform.weight", "h_transform.weight", "h_transform.bias", *PEEPHOLES),
)


def read_caffemodel(path: Path) -> Blobs:
    """Read a .caffemodel file: layer -> its blobs. Layers without blobs are left out."""
    try:
        return dict(_layers(memoryview(path.read_bytes())))
    except (IndexError, struct.error, ValueError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} cannot be read as a .caffemodel ({error or type(error).__name__})") from error


def state_from(blobs: Blobs, net: nn.Module) -> dict[str, Tensor]:
    """The state_dict of a network whose modules have the names of the layers."""
    modules = dict(net.named_modules())
    state: dict[str, Tensor] = {}
    for layer, arrays in blobs.items():
        if layer in modules:
            state |= {f"{layer}.{key}": value for key, value in _tensors(layer, modules[layer], arrays).items()}
        else:
            state[f"{layer}.weight"] = torch.from_numpy(arrays[0])  # loading will report it as unknown
    return state


def _tensors(layer: str, module: nn.Module, arrays: list[np.ndarray]) -> dict[str, Tensor]:
    """The tensors of one module, in the module's shapes: in old files a bias has four dimensions."""
    own = {key: value for key, value in module.state_dict().items() if key != "num_batches_tracked"}
    order = next((names for names in ORDERS if set(names) == set(own)), ("weight",))
    if own.keys() == {"running_mean", "running_var"} and len(arrays) == 3:
        factor = float(arrays[2].reshape(-1)[0])
        arrays = [array / factor if factor else array for array in arrays[:2]]
    if len(arrays) != len(order):
        raise WeightsError(f"layer {layer} has {len(arrays)} blobs, {type(module).__name__} needs {len(order)}")
    pairs = zip(order, arrays, strict=True)
    return {key: torch.from_numpy(a.reshape(own[key].shape) if a.size == own[key].numel() else a) for key, a in pairs}


def _layers(data: memoryview) -> Iterator[tuple[str, list[np.ndarray]]]:
    """The name and the blobs of every layer of a NetParameter."""
    for number, kind, value in _fields(data):
        if number in LAYERS and kind == 2 and isinstance(value, memoryview):
            name_field, blob_field = LAYERS[number]
            name, blobs = "", []
            for inner, _, content in _fields(value):
                if inner == name_field and isinstance(content, memoryview):
                    name = bytes(content).decode()
                elif inner == blob_field and isinstance(content, memoryview):
                    blobs.append(_blob(content))
            if blobs:
                yield name, blobs


def _blob(data: memoryview) -> np.ndarray:
    """The array of a BlobProto."""
    shape: list[int] = []
    old, values = {1: 0, 2: 0, 3: 0, 4: 0}, [np.empty(0, np.float32)]
    for number, _, value in _fields(data):
        if number in old and isinstance(value, int):
            old[number] = value
        elif number == 7 and isinstance(value, memoryview):
            shape = [dim for _, _, dims in _fields(value) for dim in _numbers(dims)]
        elif number in (5, 8) and isinstance(value, memoryview):  # packed, or one number at a time
            values.append(np.frombuffer(value, "<f4" if number == 5 else "<f8").astype(np.float32))
    flat = np.concatenate(values)
    shape = shape or [old[i] for i in (1, 2, 3, 4)]
    if int(np.prod(shape)) != flat.size:
        raise ValueError(f"a blob of shape {shape} holds {flat.size} numbers")
    return flat.reshape(shape)


def _numbers(dims: int | memoryview) -> list[int]:
    """The value of a field that holds one varint, or several in a row (packed)."""
    if isinstance(dims, int):
        return [dims]
    numbers, at = [], 0
    while at < len(dims):
        value, at = _varint(dims, at)
        numbers.append(value)
    return numbers


def _fields(data: memoryview) -> Iterator[Field]:
    """The fields of a message."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, kind, value
            continue
        if kind not in (1, 2, 5):
            raise ValueError(f"unknown wire type {kind} at byte {at}")
        length, at = _varint(data, at) if kind == 2 else ((8, at) if kind == 1 else (4, at))
        if at + length > len(data):
            raise ValueError(f"the field at byte {at} is longer than the rest of the file")
        yield number, kind, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The varint at a position, and the position after it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
