"""How the weights and inputs of the golden flow vectors are drawn, and how the vectors are thinned out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


def generator(text: str) -> np.random.Generator:
    seed = hashlib.sha256(text.encode()).digest()[:8]
    return np.random.Generator(np.random.PCG64(int.from_bytes(seed, "little")))


def weight(key: str, shape: tuple[int, ...], gain: float) -> np.ndarray:
    rng = generator(key)
    if key.endswith("running_var"):
        value = 0.5 + rng.random(shape)
    elif key.endswith("running_mean"):
        value = 0.1 * rng.standard_normal(shape)
    elif len(shape) >= 2:
        value = rng.standard_normal(shape) * math.sqrt(2 / np.prod(shape[1:])) * gain
    elif key.endswith("weight"):
        value = 0.5 + rng.random(shape) * 0.5
    else:
        value = 0.05 * rng.standard_normal(shape)
    return np.asarray(value, np.float32)


def fill(net: torch.nn.Module, gain: float) -> None:
    """Give a network the golden weights."""
    state = {
        key: torch.from_numpy(weight(key, tuple(value.shape), gain)) if value.is_floating_point() else value
        for key, value in net.state_dict().items()
    }
    net.load_state_dict(state)
    net.eval()


def keys_of(net: torch.nn.Module) -> str:
    """A hash of all key names and shapes, to compare with the official ones."""
    listed = sorted((key, tuple(value.shape)) for key, value in net.state_dict().items())
    return hashlib.sha256(repr(listed).encode()).hexdigest()


def manifest_keys(entries: list[list[Any]]) -> str:
    """The same hash of a manifest's `state_dict`."""
    return hashlib.sha256(repr(sorted((key, tuple(shape)) for key, shape, *_ in entries)).encode()).hexdigest()


def pair(name: str, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The two golden pictures of a size, RGB in [0, 1]."""
    pictures = (generator(f"input:{name}:{x}").random((1, 3, height, width)).astype(np.float32) for x in "ab")
    a, b = (torch.from_numpy(picture) for picture in pictures)
    return a, b


def drawn(key: str, shape: tuple[int, ...], scale: float = 1) -> torch.Tensor:
    """An operator's golden input."""
    return torch.from_numpy((generator(f"op:{key}").standard_normal(shape) * scale).astype(np.float32))


def compact(vectors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The values that the tests compare, flat: all values of small vectors, and every 7th of large ones."""
    return {key: value.ravel() if value.size <= 4096 else value.ravel()[::7] for key, value in vectors.items()}
