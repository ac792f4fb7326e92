"""`boostvsod doctor`: the versions and plugins of this installation, and its problems."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib import metadata

import click

CV2_WHEELS = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
ORT_WHEELS = ("onnxruntime", "onnxruntime-gpu")


@click.command("doctor")
def command() -> None:
    """Print versions, devices, providers and plugins. The exit code is 1 if there is a problem."""
    for name, value in facts():
        click.echo(f"{name:17} {value}")
    found = list(problems())
    for problem in found:
        click.echo(f"{'problem':17} {problem}")
    sys.exit(1 if found else 0)


def facts() -> Iterator[tuple[str, str]]:
    """Names and values of everything that `doctor` prints."""
    import onnxruntime
    import torch

    from boostvsod.registry import door, versions
    from boostvsod.runtime import decide

    yield from versions().items()
    yield "runtime", str(decide("auto"))
    yield "cuda", torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    yield "onnxruntime", f"{onnxruntime.__version__}, {', '.join(onnxruntime.get_available_providers())}"
    yield "cache folder", f"{torch.hub.get_dir()} (pretrained backbones, only with --pretrained)"
    yield "ffmpeg", shutil.which("ffmpeg") or "none (needed only for audio and H.264)"
    yield "plugins", str(len(door().manager.list_name_plugin()))
    yield "disabled plugins", ", ".join(door().disabled) or "none"


def problems() -> Iterator[str]:
    """One line for each problem of this installation."""
    from boostvsod.registry import door

    for wheels, package in ((CV2_WHEELS, "cv2"), (ORT_WHEELS, "onnxruntime")):
        present = [wheel for wheel in wheels if _installed(wheel)]
        if len(present) > 1:
            yield f"{' and '.join(present)} overwrite each other's {package}; uninstall both, install one"
    clashes = door().clashes()
    yield from (f"plugin {plugin}: {reason}" for plugin, reason in door().broken.items())
    yield from (f"plugins: {name} {reason}" for name, reason in clashes.items())


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
