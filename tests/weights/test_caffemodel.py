"""Caffe's weight files in the old and the new layer format. The tests write them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from boostvsod import registry
from boostvsod.cli import main
from boostvsod.errors import WeightsError
from boostvsod.runtime import Runtime
from boostvsod.weights.caffemodel import read_caffemodel, state_from
from boostvsod.weights.files import load_weights, read_weights
from boostvsod_adapters.nets.ras_caffe import RASVGG


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob(array: np.ndarray, old: bool) -> bytes:
    """Packed floats with a shape. Old files have four fixed dimensions and unpacked numbers."""
    if old:
        dims = [1] * (4 - array.ndim) + list(array.shape)
        numbers = b"".join(varint(5 << 3 | 5) + struct.pack("<f", x) for x in array.ravel())
        return b"".join(field(i, dim) for i, dim in enumerate(dims, 1)) + numbers
    shape = field(1, b"".join(varint(dim) for dim in array.shape))
    return field(7, shape) + field(5, array.astype("<f4").tobytes())


def caffemodel(path: Path, layers: Iterable[tuple[str, list[np.ndarray]]], old: bool = False) -> Path:
    """Write a NetParameter with a name, with layers without blobs in between, and with fields that are not read."""
    data = field(1, b"net")
    name_field, blob_field, layer_field = (4, 6, 2) if old else (1, 7, 100)
    for name, arrays in layers:
        layer = field(name_field, name.encode()) + (field(5, 4) if old else field(2, b"Convolution"))
        layer += b"".join(field(blob_field, blob(array, old)) for array in arrays)
        data += field(layer_field, layer) + field(layer_field, field(name_field, b"relu"))
    path.write_bytes(data)
    return path


def of_network(net: nn.Module) -> list[tuple[str, list[np.ndarray]]]:
    """A network's tensors by module, as Caffe stores them."""
    layers: dict[str, list[np.ndarray]] = {}
    for key, value in net.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            layers.setdefault(key.rpartition(".")[0], []).append(value.numpy())
    return list(layers.items())


class Small(nn.Module):
    """One layer of each kind that published Caffe networks have."""

    def __init__(self) -> None:
        super().__init__()
        self.add_module("conv-a", nn.Conv2d(2, 3, 3))
        self.add_module("conv/bn", nn.BatchNorm2d(3))
        self.add_module("bn_b", nn.BatchNorm2d(3, affine=False))


@pytest.mark.parametrize("old", [False, True])
def test_both_formats(tmp_path: Path, old: bool) -> None:
    rng = np.random.default_rng(0)
    layers = [("conv-a", [rng.random((3, 2, 3, 3)), rng.random(3)]), ("conv/bn", [rng.random(3) for _ in range(4)])]
    layers.append(("bn_b", [rng.random(3), rng.random(3), np.array([2.0])]))
    blobs = read_caffemodel(caffemodel(tmp_path / "a.caffemodel", layers, old))
    assert list(blobs) == ["conv-a", "conv/bn", "bn_b"]
    net = Small()
    net.load_state_dict(state_from(blobs, net), strict=False)
    state = net.state_dict()
    assert np.allclose(state["conv-a.weight"], layers[0][1][0])
    assert np.allclose(state["conv-a.bias"], layers[0][1][1]), "an old bias has four dimensions"
    for key, array in zip(("weight", "bias", "running_mean", "running_var"), layers[1][1], strict=True):
        assert np.allclose(state[f"conv/bn.{key}"], array), key
    assert np.allclose(state["bn_b.running_var"], layers[2][1][1] / 2), "divided by the moving-average factor"


def test_a_published_network_loads_from_its_caffemodel(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source, target = RASVGG(), RASVGG()
    file = caffemodel(tmp_path / "ras.caffemodel", of_network(source))
    load_weights(target, str(file))
    assert all(
        torch.equal(a, b) for a, b in zip(source.state_dict().values(), target.state_dict().values(), strict=True)
    )
    registry.build("targets", "ras", Runtime(), weights=str(file))


def call(*words: str) -> Any:
    return CliRunner().invoke(main, list(words))


def test_convert_needs_the_name_of_a_caffe_network(tmp_path: Path) -> None:
    file = caffemodel(tmp_path / "ras.caffemodel", of_network(RASVGG()))
    assert call("weights", "convert", str(file), str(tmp_path / "o.safetensors")).exit_code == 5
    done = call("weights", "convert", str(file), str(tmp_path / "o.safetensors"), "--network", "ras")
    assert done.exit_code == 0, done.output
    assert "they fit: ras" in done.output
    assert read_weights(tmp_path / "o.safetensors").keys() == RASVGG().state_dict().keys()


def test_damaged_and_foreign_files_are_named(tmp_path: Path) -> None:
    whole = caffemodel(tmp_path / "a.caffemodel", [("conv-a", [np.zeros((3, 2, 3, 3)), np.zeros(3)])]).read_bytes()
    (tmp_path / "cut.caffemodel").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match=r"cannot be read as a \.caffemodel"):
        read_caffemodel(tmp_path / "cut.caffemodel")
    with pytest.raises(WeightsError, match=r"does not fit RASVGG: .*unknown \(conv-a\.weight"):
        load_weights(RASVGG(), str(tmp_path / "a.caffemodel"))
    blobs = read_caffemodel(caffemodel(tmp_path / "b.caffemodel", [("conv-a", [np.zeros((3, 2, 3, 3))])]))
    with pytest.raises(WeightsError, match="layer conv-a has 1 blobs"):
        state_from(blobs, Small())
