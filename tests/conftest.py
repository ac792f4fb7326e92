"""Fixtures that several folders of tests use: small clips, in memory and as files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from made import random_net, write_maps, write_pictures

from boostvsod import registry
from boostvsod.media.synthetic import Clip, make_clip

AUTOPLAY = "--autoplay-policy=no-user-gesture-required"
BAD_INPUT = "badinput"  # the marker of the suite in tests/badinput


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The number of worker processes for `-n auto`: one a core, four at most, since each needs some gigabytes."""
    return min(len(_cores()), 4)


def pytest_configure(config: pytest.Config) -> None:
    """Give each worker process a core of its own. Small networks are several times slower on threads that compete."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        cores = _cores()
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})
        torch.set_num_threads(1)
        cv2.setNumThreads(1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many bad inputs were tried. Worker processes cannot print it themselves."""
    ran = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ()) if BAD_INPUT in r.keywords]
    if ran:
        terminalreporter.write_line(f"{BAD_INPUT}: {len(ran)} cases")


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder: the weights that this machine has cached do not matter."""
    monkeypatch.setenv("BOOSTVSOD_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BOOSTVSOD_OFFLINE", raising=False)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def clip() -> Clip:
    return make_clip(12, 48, 64)


@pytest.fixture
def pictures(tmp_path: Path, clip: Clip) -> Path:
    return write_pictures(tmp_path / "walk", clip.frames)


@pytest.fixture
def maps(tmp_path: Path, clip: Clip) -> Path:
    return write_maps(tmp_path / "maps", clip.truth)


@pytest.fixture(scope="session")
def two_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training set: two clips of eleven frames with their masks. Tests only read it."""
    folder = tmp_path_factory.mktemp("clips")
    for seed, name in enumerate("ab"):
        made = make_clip(frames=11, seed=seed)
        write_pictures(folder / name / "frames", made.frames)
        write_maps(folder / name / "masks", made.truth)
    return folder


@pytest.fixture
def three_clips(tmp_path: Path, clip: Clip) -> Path:
    """A training set: the same twelve JPEG frames and masks under three names."""
    for name in ("a", "b", "c"):
        write_pictures(tmp_path / "set" / name / "frames", clip.frames, ".jpg")
        write_maps(tmp_path / "set" / name / "masks", clip.truth)
    return tmp_path / "set"


@pytest.fixture
def data(tmp_path: Path, clip: Clip) -> Path:
    """A data set: two sequences of 12 and 6 frames. The maps of a method lie beside it, in `maps`."""
    for name, length in (("bear", 12), ("bus", 6)):
        write_pictures(tmp_path / "data" / name / "frames", clip.frames[:length], ".jpg")
        write_maps(tmp_path / "data" / name / "masks", clip.truth[:length])
        write_maps(tmp_path / "maps" / name, _soft_maps(clip, length))
    return tmp_path / "data"


def _soft_maps(clip: Clip, length: int) -> np.ndarray:
    """Blurred truth that gets brighter from frame to frame."""
    soft = np.stack([cv2.GaussianBlur(t.astype(np.float32), (9, 9), 3) for t in clip.truth[:length]])
    return np.clip(0.8 * soft + 0.1, 0, 1) * (0.5 + np.arange(length)[:, None, None] / 24)


@pytest.fixture
def raft_small_file(tmp_path: Path) -> Path:
    """Random weights of RAFT-small, wrapped as its authors wrap theirs."""
    net = random_net(registry.cards()["raft-small"])
    torch.save({f"module.{key}": value for key, value in net.state_dict().items()}, tmp_path / "raft-small.pth")
    return tmp_path / "raft-small.pth"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a screen."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no chromium here")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,1400", AUTOPLAY):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A Ray cluster of two nodes on this machine."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    made.add_node(num_cpus=1)
    ray.init(address=made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()
