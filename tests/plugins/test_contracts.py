"""Every part that an installed plugin offers keeps its contract."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import OF_FILES, published_options, slow_except, write_detector, write_maps, write_pictures

from boostvsod import build, offers
from boostvsod import testing as contract
from boostvsod.registry import Kind
from boostvsod.runtime import Runtime

RUNTIME = Runtime()


BOXES = np.array([[[0, 10, 10, 60, 50, 0.9, 1], [0, 30, 70, 90, 120, 0.5, 1]]], np.float32)  # as EfficientDet has them


# Options of parts that cannot be built without them, or that would be slow.
OPTIONS: dict[str, dict[str, Any]] = {
    "net": {"weights": "none"},
    "targets/lite": {"weights": "none"},
    "students/lite": {"weights": "none"},
    "students/judge-cpd": {"size": 64},
    "students/judge-vgg": {"size": 64},
    "densifiers/fgplg": {"weights": "random", "side": 64},
}


def maker(kind: Kind, name: str, tmp_path: Path) -> Any:
    options = dict(OPTIONS.get(name, OPTIONS.get(f"{kind}/{name}", {})))
    if offers(kind)[name].card is not None and kind != "densifiers":
        options = published_options(name)
    if name == "maps":
        options["folder"] = str(write_maps(tmp_path / "maps", np.ones((4, 48, 64), np.uint8) * np.uint8(1)))
    if name == "oracle":  # the truth of the frames that the check makes
        frames = np.zeros((6, 48, 64, 3), np.uint8)
        write_pictures(tmp_path / "data" / "a" / "frames", frames)
        write_maps(tmp_path / "data" / "a" / "masks", np.eye(48, 64)[None].repeat(6, 0))
        options |= {"data": str(tmp_path / "data"), "sequence": "a", "like": "nr"}
    if name == "onnx":
        options["path"] = str(export(tmp_path / "net.onnx"))
    if name == "detector":
        options["path"] = str(write_detector(tmp_path / "boxes.onnx", BOXES))
    return lambda: build(kind, name, RUNTIME, **options)


def export(path: Path) -> Path:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(4, 1, 1))
    torch.onnx.export(net, (torch.rand(1, 3, 32, 32),), str(path), dynamo=False)
    return path


PUBLISHED = [name for name, offer in offers("targets").items() if offer.card]
ELSEWHERE = set(OF_FILES) - {"onnx"}  # tests/adapters/test_on_disk.py checks them
GENERIC = [name for name in offers("targets") if name not in (*PUBLISHED, *ELSEWHERE)]


@pytest.mark.parametrize("name", GENERIC)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_target(name: str, tmp_path: Path) -> None:
    contract.check_target(maker("targets", name, tmp_path))


@pytest.mark.parametrize("name", slow_except(PUBLISHED, "u2netp"))
def test_published_target(name: str, tmp_path: Path) -> None:
    contract.check_target(maker("targets", name, tmp_path), frames=2)


# adapters/test_nets.py trains the published networks with fewer steps.
@pytest.mark.parametrize("name", [name for name, offer in offers("students").items() if not offer.card])
def test_student(name: str, tmp_path: Path) -> None:
    contract.check_student(maker("students", name, tmp_path))


# Flow networks have golden outputs (test_flow_nets.py): with random weights they estimate no shift.
@pytest.mark.parametrize("name", [name for name in offers("flows") if name in ("dis", "farneback")])
def test_flow(name: str, tmp_path: Path) -> None:
    contract.check_flow(maker("flows", name, tmp_path))


@pytest.mark.parametrize("name", offers("motion"))
def test_motion(name: str, tmp_path: Path) -> None:
    contract.check_motion(maker("motion", name, tmp_path))


@pytest.mark.parametrize("name", offers("miners"))
def test_miner(name: str, tmp_path: Path) -> None:
    contract.check_miner(maker("miners", name, tmp_path))


@pytest.mark.parametrize("name", offers("proposals"))
def test_proposer(name: str, tmp_path: Path) -> None:
    contract.check_proposer(maker("proposals", name, tmp_path))


@pytest.mark.parametrize("name", offers("densifiers"))
def test_densifier(name: str, tmp_path: Path) -> None:
    contract.check_densifier(maker("densifiers", name, tmp_path), build("flows", "dis", RUNTIME))


@pytest.mark.parametrize("name", offers("fusers"))
def test_fuser(name: str, tmp_path: Path) -> None:
    contract.check_fuser(maker("fusers", name, tmp_path))


def test_imports_are_cheap() -> None:
    contract.check_cheap(", ".join(point.value for point in metadata.entry_points(group="boostvsod")))
