"""Networks of the Hugging Face hub: hf:OWNER/REPO from the local cache, or hf:FOLDER.

Nothing is downloaded unless the user sets `download`, and no code of a repository runs unless the user sets `trust`.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boostvsod.errors import ConfigError, WeightsError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.media.form_options import fields_of, takes_form
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import nn

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
KNOWN: dict[str, dict[str, Any]] = {  # architecture -> how its authors use it
    "BiRefNet": {**IMAGENET, "size": 1024, "output": -1, "channel": 0, "activation": "sigmoid"},
    "BriaRMBG": {
        "size": 1024, "mean": (0.5,) * 3, "std": (1.0,) * 3, "output": 0, "channel": 0, "activation": "none",
        "stretch": True,
    },
}  # fmt: skip
REVISION = "main"


@takes_form
def build(
    repo: str,
    runtime: Runtime,
    form: dict[str, Any],
    revision: str = REVISION,
    trust: bool = False,
    download: bool = False,
) -> Target:
    """`repo`: OWNER/REPO or a folder; `revision`: a branch, tag or commit; `trust`: run code of the repository;
    `download`: get what is not in the cache.
    """
    from boostvsod.media.forms import Form
    from boostvsod.weights.modules import ModuleTarget

    folder = folder_of(repo, revision, download)
    config = _json(folder / "config.json")
    who = f"hf:{repo}"
    _check_trust(who, folder, config, trust)
    published = fields_of(_published(folder, config), f"{folder}: ")
    net = _load(folder, trust, who)
    return ModuleTarget(net, runtime, who, Form(**{"height": 1024, "width": 1024, **published, **fields_of(form)}))


def folder_of(repo: str, revision: str, download: bool) -> Path:
    """The folder of a repository: a folder of the user, or the snapshot in the cache of the hub."""
    folder = Path(repo).expanduser()
    if folder.is_dir():
        return folder
    _need("huggingface_hub")
    from huggingface_hub import snapshot_download

    from boostvsod.weights.offline import require_online

    if download:
        require_online(f"hf:{repo}")
    try:
        return Path(snapshot_download(repo, revision=revision, local_files_only=not download))
    except ValueError as error:  # a name that can be no repository
        raise ConfigError(f"hf:{repo}: it is neither a folder nor OWNER/REPO: {_first_line(error)}") from error
    except Exception as error:  # the errors of the hub have no common base class
        raise WeightsError(
            f"hf:{repo}: it is not in the cache of the hub ({_first_line(error)}); "
            "download it once by: --set target.download=true"
        ) from error


def _load(folder: Path, trust: bool, who: str) -> nn.Module:
    """The network of a folder, by transformers. It reads local files only."""
    _need("transformers")
    import torch
    from transformers import AutoModelForImageSegmentation, AutoModelForSemanticSegmentation

    options = {"local_files_only": True, "trust_remote_code": trust, "dtype": torch.float32}
    mapped = str(_json(folder / "config.json").get("auto_map", ""))
    loader = AutoModelForImageSegmentation
    if "AutoModelForImageSegmentation" not in mapped:
        loader = AutoModelForSemanticSegmentation
    with _without_bars():
        net: nn.Module = loader.from_pretrained(str(folder), **options)
    return net


@contextmanager
def _without_bars() -> Iterator[None]:
    """transformers shows no progress bars inside the block: the command line shows its own."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _check_trust(who: str, folder: Path, config: dict[str, Any], trust: bool) -> None:
    """Refuse a repository that brings code, unless the user trusts it."""
    if "auto_map" in config and not trust:
        code = ", ".join(sorted(path.name for path in folder.glob("*.py"))) or "code"
        raise ConfigError(
            f"{who}: the network is code of the repository ({code} in {folder}), which would run on this machine; "
            "read it, then allow it by: --set target.trust=true"
        )


def _published(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    """How the network is used: by its architecture, and by what the repository says of its pictures."""
    known = dict(KNOWN.get(next(iter(config.get("architectures") or [""])), {}))
    says = _json(folder / "preprocessor_config.json", optional=True)
    size = says.get("size")
    side = size if isinstance(size, int) else (size or {}).get("height") or (size or {}).get("shortest_edge")
    named = {"size": side, "mean": says.get("image_mean"), "std": says.get("image_std")}
    return {**known, **{key: value for key, value in named.items() if value}}


def _json(path: Path, optional: bool = False) -> dict[str, Any]:
    if optional and not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise WeightsError(f"{path} cannot be read: {_first_line(error)}") from error


def _need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise ConfigError(f"the target hf needs {package}: pip install 'boostvsod[hub]'")


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def made_of(repo: str, revision: str = REVISION, download: bool = False, **options: Any) -> list[str]:
    """The files of the repository and the version of transformers count into the key of a run."""
    _need("transformers")
    from importlib.metadata import version

    return [str(folder_of(repo, revision, download)), f"transformers {version('transformers')}"]


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("hf", "a network of the Hugging Face hub: hf:OWNER/REPO or hf:FOLDER", build, made_of=made_of)]
