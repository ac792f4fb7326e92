"""Loading weights from files: safely, without wrappers, and with a clear error if they do not fit the network."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from boostvsod import registry
from boostvsod.errors import WeightsError
from boostvsod.offer import Card
from boostvsod.stamps import file_stamp
from boostvsod.weights.cache import find_cached

UNTRAINED = ("none", "random")  # names that mean: load no weights
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")  # keys under which training scripts put the weights


def load_weights(
    net: nn.Module, name: str, bundled: Path | None = None, rename: Callable[[str], str | None] = lambda key: key
) -> str:
    """Load weights into `net`. Returns the name of the file and its hash, for the records.

    `name` is a file, NAME of a file `bundled`/NAME.safetensors, or the name of a network in the cache. `rename`
    turns a key of the file into the network's key, or into None to drop it.
    """
    if name in UNTRAINED:
        return "untrained"
    path = find_weights(name, bundled)
    renamed = {rename(key): value for key, value in read_weights(path, net).items()}
    fit_weights(net, {key: value for key, value in renamed.items() if key is not None}, str(path))
    return f"{path.name} sha256:{file_stamp(path)[:12]}"


def find_weights(name: str, bundled: Path | None = None) -> Path:
    """The path of the weights that `name` stands for: a file, a name in the folder `bundled`, or a cached network."""
    named = {path.stem: path for path in sorted(bundled.glob("*.safetensors"))} if bundled else {}
    path = Path(name).expanduser()
    if path.is_file() or name in named:
        return path if path.is_file() else named[name]
    if (cached := find_cached(name)) is not None:
        return cached
    if (card := registry.card_of(name)) is not None:
        raise WeightsError(f"{name} has no weights here yet.\n{how_to_get(name, card)}")
    known = ", ".join(named) or "none"
    raise WeightsError(f"no weights at {name!r}: neither a file, nor bundled, nor cached; bundled are: {known}")


def how_to_get(name: str, card: Card) -> str:
    """Instructions for the user: how to get the weights of a network."""
    if card.url.startswith("https://") or (card.url and card.sha256):
        steps = f"  boostvsod weights get {name}"
    elif card.url:
        steps = f"  boostvsod weights get {name} --sha256 HASH   (plain http: ask the authors for the file's hash)"
    else:
        steps = f"  1. open {card.weights}\n  2. download {card.file}\n  3. boostvsod weights add {name} {card.file}"
    facts = f"licence of the weights: {card.weights_licence}{f'; sha256 {card.sha256}' if card.sha256 else ''}"
    return f"{steps}\n  ({facts}); or use a file: --weights {name}=FILE"


def read_weights(path: Path, net: nn.Module | None = None) -> dict[str, Tensor]:
    """The tensors of a .safetensors, .pth, .pt, .tar or .caffemodel file, without wrappers of training scripts.

    A .caffemodel holds layers and blobs only; the keys of its tensors come from `net`, which it therefore needs.
    Pickles are read with `weights_only`: files that would run code are refused.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        if path.suffix == ".caffemodel":
            from boostvsod.weights.caffemodel import read_caffemodel, state_from

            if net is None:
                raise WeightsError(f"{path}: name the network that this file belongs to: --network NAME")
            return state_from(read_caffemodel(path), net)
        return _unwrap(torch.load(path, map_location="cpu", weights_only=True))
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} holds more than tensors and was not opened: loading it could run code "
            f"({str(error).splitlines()[0]}); ask its author for a plain state_dict"
        ) from error
    except WeightsError:
        raise
    except Exception as error:  # every reader raises its own errors for damaged files
        raise WeightsError(f"{path} cannot be read as weights: {type(error).__name__}: {error}") from error


def _unwrap(value: object) -> dict[str, Tensor]:
    """The dictionary of tensors inside the wrappers of training scripts."""
    for wrapper in WRAPPERS:
        if isinstance(value, Mapping) and isinstance(value.get(wrapper), Mapping):
            value = value[wrapper]
    if not isinstance(value, Mapping) or not all(isinstance(v, Tensor) for v in value.values()):
        raise WeightsError(f"expected a dictionary of tensors, found {type(value).__name__}")
    return {key.removeprefix("module."): tensor for key, tensor in value.items()}


def fit_weights(net: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Load weights strictly. If keys or shapes differ, the error lists the first few differences of each kind."""
    own = net.state_dict()
    optional = {key for key in own if key.endswith("num_batches_tracked")}  # torch before 0.4.1 did not save it
    missing = [key for key in own if key not in weights and key not in optional]
    surplus = [key for key in weights if key not in own]
    shapes = [
        f"{key} {tuple(weights[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in weights and weights[key].shape != own[key].shape
    ]
    faults = {"missing": missing, "unknown": surplus, "of another shape": shapes}
    lines = [f"{len(x)} {what} ({', '.join(x[:3])}{', ...' if len(x) > 3 else ''})" for what, x in faults.items() if x]
    if lines:
        fitting = which_fit(weights)
        hint = f"; they fit {', '.join(fitting)}" if fitting else ""
        raise WeightsError(f"{source} does not fit {type(net).__name__}: {'; '.join(lines)}{hint}")
    net.load_state_dict({key: own[key] if key not in weights else weights[key] for key in own})


def save_weights(net: nn.Module, path: Path, *, half: bool = True) -> None:
    """Write the weights of a network to a safetensors file, with float32 as float16 if `half`."""
    save_tensors(net.state_dict(), path, half=half)


def save_tensors(tensors: Mapping[str, Tensor], path: Path, *, half: bool) -> None:
    """Write tensors to a safetensors file, with float32 as float16 if `half`."""
    from safetensors.torch import save

    from boostvsod.files import write_atomically

    state = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    if half:
        state = {k: v.half() if v.dtype == torch.float32 else v for k, v in state.items()}
    with write_atomically(path) as temporary:
        temporary.write_bytes(save(state))  # safetensors' own writer makes files that only their owner can read


def check_fit(name: str, path: Path) -> None:
    """Raise an error if the file does not fit the network `name`. Networks without a card are not checked."""
    card = registry.card_of(name)
    if card is None or card.net is None:
        return
    net = card.net()
    tensors = {card.rename(key): value for key, value in read_weights(path, net).items()}
    fit_weights(net, {key: value for key, value in tensors.items() if key is not None}, str(path))


def which_fit(weights: Mapping[str, Tensor]) -> list[str]:
    """The names of the offered networks whose keys and shapes equal those of the weights."""
    fitting = []
    for name, card in registry.cards().items():
        renamed = {card.rename(key): value for key, value in weights.items()}
        shapes = {key: tuple(v.shape) for key, v in renamed.items() if key and not key.endswith("num_batches_tracked")}
        if card.net is not None and _shapes(card.net) == shapes:
            fitting.append(name)
    return fitting


@cache
def _shapes(build: Callable[[], nn.Module]) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):  # shapes only, without memory
        state = build().state_dict()
    return {key: tuple(value.shape) for key, value in state.items() if not key.endswith("num_batches_tracked")}
