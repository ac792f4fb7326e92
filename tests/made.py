"""Clips, maps and films on disk, and settings that make a run quick."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from boostvsod.cli import main
from boostvsod.kinds import Evidence, Frame, Map
from boostvsod.media.synthetic import make_clip
from boostvsod.offer import Card

TESTS = Path(__file__).parent
GOLDEN = TESTS / "golden"
ROOT = TESTS.parent  # the source tree, where the tests lie in it
RESEARCH = os.environ.get("BOOSTVSOD_DATA", "")  # a folder with data/ and weights/: see CONTRIBUTING.md
PARTS = ("recipe.motion=contrast", "recipe.miner=nr", "recipe.student=twin", "recipe.fuser=product", "recipe.gate=off")
LEARNING = ("train.optimizer=sgd", "train.loss=euclidean", "train.lr=0.0", "train.lr_scale=0.1", "train.batch=1")
QUICK = (*PARTS, *LEARNING, "lite.weights=none", "train.size=64", "train.lambda=1")  # a quick variant of the recipe nr
FORCED = (*QUICK, "nr.threshold=1.1")  # every frame is mined
DRAWN = (*QUICK, "recipe.miner=random", "random.share=0.5")
OF_FILES = ("hf", "onnx", "rembg", "torchscript", "torchvision")  # targets that need a file of the user


def call(*words: Any) -> Result:
    """Run `boostvsod` with these words in this process."""
    return CliRunner().invoke(main, [str(word) for word in words])


def read_image(path: str, flag: int) -> np.ndarray:
    return np.asarray(cv2.imread(path, flag))


def visible(folder: Path) -> list[str]:
    """The names of the files in a folder that are not hidden."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def write_pictures(folder: Path, frames: np.ndarray, suffix: str = ".png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i, rgb in enumerate(frames):
        cv2.imwrite(str(folder / f"{i:05d}{suffix}"), rgb[..., ::-1])
    return folder


def write_maps(folder: Path, maps: np.ndarray, names: list[str] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i, saliency in enumerate(maps):
        cv2.imwrite(str(folder / f"{names[i] if names else f'{i:05d}'}.png"), np.uint8(255) * saliency)
    return folder


def write_film(path: Path, frames: np.ndarray, fps: float = 25, code: str = "mp4v") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), fps, frames.shape[2:0:-1])
    assert writer.isOpened(), f"OpenCV here cannot write {path.suffix} with {code}"
    for rgb in frames:
        writer.write(np.ascontiguousarray(rgb[..., ::-1]))
    writer.release()
    return path


def write_sounding_film(path: Path, frames: np.ndarray, starts: Sequence[int], codec: str = "libopus") -> Path:
    """An H.264 film whose frames start at these milliseconds, with 0.8 s of a tone that gets louder."""
    with av.open(str(path), "w") as film:
        video = film.add_stream("libx264", rate=25, options={"crf": "10"})
        video.height, video.width, video.pix_fmt = *frames.shape[1:3], "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        sound: Any = film.add_stream(codec, rate=48000)
        for rgb, start in zip(frames, starts, strict=True):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
            picture.pts, picture.time_base = start, Fraction(1, 1000)
            film.mux(video.encode(picture))
        film.mux(video.encode(None))
        t = np.arange(38400, dtype=np.float32) / 48000
        samples = av.AudioFrame.from_ndarray((t * np.sin(2764 * t))[None], format="fltp", layout="mono")
        samples.sample_rate, samples.pts = 48000, 0
        film.mux(sound.encode(samples))
        film.mux(sound.encode(None))
    return path


def write_detector(path: Path, *outputs: np.ndarray, side: int = 128) -> Path:
    """A network file for pictures of 3 x side x side whose outputs are constants."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    entry = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, side, side])
    names = [f"out{i}" for i in range(len(outputs))]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, o.shape) for n, o in zip(names, outputs, strict=True)]
    constants = [numpy_helper.from_array(o, f"constant{i}") for i, o in enumerate(outputs)]
    nodes = [helper.make_node("Identity", [f"constant{i}"], [name]) for i, name in enumerate(names)]
    graph = helper.make_graph(nodes, "constants", [entry], ends, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


def research(name: str) -> Path:
    """A file of the research data, which is not part of this project. The test is skipped where it is absent."""
    path = Path(RESEARCH) / name
    if not (RESEARCH and path.is_file()):
        pytest.skip(f"needs {name} in the folder that BOOSTVSOD_DATA names")
    return path


def slow_except(names: Iterable[str], *quick: str) -> list[Any]:
    """Parameters of a test: all names, of which only the quick ones belong to the fast part of the tests."""
    return [pytest.param(name, marks=[] if name in quick else [pytest.mark.slow]) for name in names]


def sets(settings: tuple[str, ...]) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


def published_options(name: str) -> dict[str, Any]:
    """Options for tests of a published network: random weights, and the smallest pictures that it takes."""
    if name in ("poolnet", "poolnet-edge", "poolnet-vgg", "poolnet-vgg-edge"):
        return {"weights": "random"}  # these need large pictures
    return {"weights": "random", "size": 65 if name == "cosnet" else 96, **({"window": 6} if name == "cosnet" else {})}


def random_net(card: Card) -> torch.nn.Module:
    """The network of a card with random weights, always the same ones."""
    assert card.net is not None
    torch.manual_seed(0)
    return card.net()


def square(i: int) -> Map:
    """The truth of frame i: a square that goes to the right by two pixels a frame."""
    truth = np.zeros((40, 60), np.float32)
    truth[10:20, 10 + 2 * i : 20 + 2 * i] = 1
    return truth


def evidence(moves: bool = True, there: bool = True, count: int = 10) -> Evidence:
    """A clip, its masks as motion maps, and target's maps that are certain of the object's core only."""
    clip = make_clip(count, 96, 128, seed=1)
    masks = [mask.astype(np.float32) * 0.9 * there for mask in clip.truth]
    cores = [cv2.erode(mask, np.ones((15, 15), np.uint8)) for mask in masks]
    target = [np.maximum(0.45 * mask, core) for mask, core in zip(masks, cores, strict=True)]
    return Evidence([Frame.of(rgb, i) for i, rgb in enumerate(clip.frames)], target, [m * moves for m in masks])
