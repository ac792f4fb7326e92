"""Saliency networks, equal to the official code (recorded outputs under deterministic weights), and their adapters."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from golden.record_nets import thinned
from golden_flow import generator, keys_of, weight
from made import FORCED, GOLDEN, published_options, sets, slow_except, write_film
from torch import Tensor, nn

from boostvsod import build, registry
from boostvsod.cli import main
from boostvsod.kinds import Frame, Trainable, Window
from boostvsod.media.maps import stretched
from boostvsod.media.synthetic import make_clip
from boostvsod.metrics.structure import s_measure
from boostvsod.runtime import Runtime
from boostvsod.weights.files import save_tensors
from boostvsod_adapters.nets import (
    cosnet,
    cpd,
    dcfnet,
    dss,
    dss_caffe,
    mga,
    pcsa,
    poolnet,
    radf,
    ras,
    ras_caffe,
    rcrnet,
    ssav,
    u2net,
)

RECORDED = np.load(GOLDEN / "nets.npz")
NAMES = sorted({key.partition("/")[0] for key in RECORDED.files})
SMALL, SMALL_TARGETS = ("PCSA", "RCRNet-NER", "U2NETP"), ("pcsa", "rcrnet-ner", "u2netp")  # not marked slow
Outputs = Sequence[Tensor]
Run = Callable[..., Outputs]


def as_is(net: nn.Module, *inputs: Any) -> Outputs:
    found = net(*inputs)
    return [found] if isinstance(found, Tensor) else found


def probable(net: nn.Module, *inputs: Any) -> Outputs:
    """The outputs of networks whose official code ends in a sigmoid."""
    return [x.sigmoid() for x in as_is(net, *inputs)]


def edges(net: nn.Module, x: Tensor) -> Outputs:
    assert isinstance(net, poolnet.PoolNetEdge), "only PoolNetEdge draws edges"
    return net.edges(x)


def clip_of_ssav(net: nn.Module, frames: Tensor) -> Outputs:
    pairs = net([frame[None] for frame in frames])
    return [torch.cat([pair[i] for pair in pairs]) for i in (0, 1)]


NETS: dict[str, tuple[Callable[[], nn.Module], Run]] = {
    "COSNet": (cosnet.COSNetwork, probable),
    "CPD-ResNet": (cpd.CPDResNet, as_is),
    "CPD-VGG": (cpd.CPDVGG, as_is),
    "DCFNet": (dcfnet.DCFNetwork, probable),
    "DSS-caffe-ResNet101": (dss_caffe.DSSResNet, as_is),
    "DSS-caffe-VGG16": (dss_caffe.DSSVGG, as_is),
    "DSS-pytorch": (dss.DSSPort, probable),
    "FGPLG-backbone": (lambda: rcrnet.ImageModel(7), as_is),
    "MGA": (mga.MGANet, as_is),
    "MQP-VGG": (cpd.CPDVGG, as_is),
    "PCSA": (pcsa.PCSANet, probable),
    "PoolNet-ResNet50": (lambda: poolnet.PoolNet(True), as_is),
    "PoolNet-ResNet50-edge": (lambda: poolnet.PoolNetEdge(True), as_is),
    "PoolNet-VGG16": (lambda: poolnet.PoolNet(False), as_is),
    "PoolNet-VGG16-edge": (lambda: poolnet.PoolNetEdge(False), as_is),
    "RADF-caffe-VGG16": (radf.RADFNet, as_is),
    "RAS-caffe-VGG16": (ras_caffe.RASVGG, as_is),
    "RAS-v1-ResNet50": (ras.RASv1, as_is),
    "RAS-v2-ResNet50": (ras.RASv2, as_is),
    "RCRNet": (rcrnet.ImageModel, as_is),
    "RCRNet-NER": (rcrnet.VideoModel, as_is),
    "SSAV-caffe": (ssav.SSAVNet, clip_of_ssav),
    "SSAV-caffe-small": (lambda: ssav.SSAVNet((13, 17)), clip_of_ssav),
    "U2NET": (lambda: u2net.U2Net("large"), probable),
    "U2NETP": (lambda: u2net.U2Net("small"), probable),
}


def drawn(spec: dict[str, Any]) -> Any:
    """An input as it was recorded. If it is `split`, it is a list of frames."""
    rng = generator(spec["seed"])
    value = rng.standard_normal(spec["shape"]) if spec.get("kind", "normal") == "normal" else rng.random(spec["shape"])
    tensor = torch.from_numpy((value * spec.get("scale", 1.0) + spec.get("offset", 0.0)).astype(np.float32))
    return [frame[None] for frame in tensor] if spec.get("split") else tensor


def fill(net: nn.Module, about: dict[str, Any]) -> None:
    """Give a network the recorded weights. Constants stay as the network makes them."""
    state = net.state_dict()
    for key, value in state.items():
        if key not in about["constants"] and value.is_floating_point():
            made = weight(key, tuple(value.shape), about["gain"]) * np.float32(about["key_scale"].get(key, 1.0))
            state[key] = torch.from_numpy(np.asarray(made, np.float32))
        elif not value.is_floating_point():
            state[key] = torch.zeros_like(value)
    net.load_state_dict(state)
    net.eval()


def test_every_recorded_network_is_here() -> None:
    assert sorted(NETS) == NAMES


@pytest.mark.parametrize("name", slow_except(NAMES, *SMALL))
def test_the_official_one(name: str) -> None:
    """Keys and shapes are the same, and every output differs by at most a thousandth of its standard deviation."""
    about = json.loads(str(RECORDED[f"{name}/about"]))
    make, run = NETS[name]
    net = make()
    assert keys_of(net) == about["keys"]
    fill(net, about)
    for case in about["cases"]:
        inputs = [drawn(spec) for spec in case["inputs"]]
        with torch.inference_mode():
            found = edges(net, *inputs) if "edge" in case["name"] else run(net, *inputs)
        assert len(found) >= len(case["outputs"])
        for made, output in zip(found, case["outputs"], strict=False):
            recorded = RECORDED[f"{name}/{case['name']}/{output['name']}"]
            steps = tuple(slice(None, None, step) for step in output["step"] or ())
            ours = thinned(made[steps].numpy())
            assert ours.size == recorded.size, (name, output["name"], made.shape)
            assert np.abs(ours - recorded).max() <= 1e-3 * output["std"], (name, case["name"], output["name"])


STUDENTS = [name for name, offer in registry.offers("students").items() if offer.card is not None]
TARGETS = [name for name, offer in registry.offers("targets").items() if offer.card is not None]


WEIGHTS_OF = {  # a target: the network whose recorded weights give it maps with structure
    "cosnet": "COSNet", "cpd": "CPD-VGG", "cpd-resnet": "CPD-ResNet", "dcfnet": "DCFNet", "dss": "DSS-caffe-VGG16",
    "dss-port": "DSS-pytorch", "dss-resnet101": "DSS-caffe-ResNet101", "mga": "MGA", "mqp": "MQP-VGG", "pcsa": "PCSA",
    "poolnet": "PoolNet-ResNet50", "poolnet-edge": "PoolNet-ResNet50-edge", "poolnet-vgg": "PoolNet-VGG16",
    "poolnet-vgg-edge": "PoolNet-VGG16-edge", "radf": "RADF-caffe-VGG16", "ras": "RAS-caffe-VGG16",
    "ras-v1": "RAS-v1-ResNet50", "ras-v2": "RAS-v2-ResNet50", "rcrnet": "RCRNet", "rcrnet-ner": "RCRNet-NER",
    "ssav": "SSAV-caffe", "pdb": "SSAV-caffe", "u2net": "U2NET", "u2netp": "U2NETP",
}  # fmt: skip


def windows(length: int, count: int, height: int = 72, width: int = 104) -> list[Window]:
    frames = [Frame(i, f"{i:05d}", rgb) for i, rgb in enumerate(make_clip(count, height, width).frames)]
    first = (length - 1) // 2
    return [
        Window(tuple(frames[min(max(i + j - first, 0), count - 1)] for j in range(length)), first) for i in range(count)
    ]


EXACT = ("DCFNet", "RCRNet-NER", "PoolNet-ResNet50-edge", "FGPLG-backbone")  # these run in float32


@pytest.mark.parametrize("name", slow_except([n for n in NAMES if n not in (*EXACT, "SSAV-caffe")], *SMALL))
def test_bf16_hardly_changes_s(name: str) -> None:
    """With the recorded weights. The truth is the most salient fifth of the float32 map."""
    about = json.loads(str(RECORDED[f"{name}/about"]))
    make, run = NETS[name]
    net = make()
    fill(net, about)
    inputs = [drawn(spec) for spec in about["cases"]["edge" in name]["inputs"]]
    maps = []
    for half in (False, True):
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            outputs = run(net, *inputs)
        logits = outputs["CPD" in name or "MQP" in name].float()
        maps.append(stretched(logits.sigmoid()[0, 0].numpy()))
    truth = maps[0] > np.quantile(maps[0], 0.8)
    assert round(abs(s_measure(maps[1], truth) - s_measure(maps[0], truth)), 3) <= 0.002


@pytest.mark.parametrize("name", slow_except(TARGETS, *SMALL_TARGETS))
def test_adapter(name: str) -> None:
    """Maps have the frames' size and are in [0, 1]. They depend neither on the batches nor on earlier videos."""
    target: Any = build("targets", name, Runtime(), **published_options(name))
    fill(target.net, json.loads(str(RECORDED[f"{WEIGHTS_OF[name]}/about"])))
    card = registry.card_of(name)
    assert card is not None
    given = windows(target.window, 3)
    batched = list(target.predict(given))
    for map_ in batched:
        assert map_.shape == (72, 104)
        assert map_.dtype == np.float32
        assert 0 <= map_.min() <= map_.max() <= 1
    target.predict(windows(target.window, 2, 90, 64))  # another video, another size
    alone = [target.predict([window])[0] for window in reversed(given)][::-1]
    apart = np.abs(batched[0] - batched[2]).max()
    assert apart > 0, "frames differ, so their maps differ"
    for one, other in zip(batched, alone, strict=True):
        assert np.abs(one - other).max() < 0.05 * apart, "a map of another frame would differ far more"
    assert isinstance(target, Trainable) == card.trainable
    assert target.window == (6 if name == "cosnet" else card.window)


@pytest.mark.parametrize("name", slow_except(STUDENTS, *SMALL_TARGETS))
def test_student_learns(name: str) -> None:
    """A few steps on one picture lower its loss. The logits have the picture's size."""
    torch.manual_seed(0)
    student = build("students", name, Runtime(), weights="random", size=128)
    rgb, truth = torch.rand(1, 3, 128, 128), torch.zeros(1, 1, 128, 128)
    rgb[..., 32:96, 32:96], truth[..., 32:96, 32:96] = 0.9, 1.0
    optimizer = torch.optim.Adam(student.net.parameters(), 1e-5)
    losses = []
    student.net.train()
    for module in student.net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()  # the statistics of one picture are of no use
    for _ in range(4):
        outputs = student.net(rgb)
        assert all(x.shape == (1, 1, 128, 128) for x in outputs)
        loss = nn.functional.binary_cross_entropy_with_logits(outputs[0], truth)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", slow_except(TARGETS, *SMALL_TARGETS))
def test_run_from_the_command_line(name: str, tmp_path: Path) -> None:
    """Runs with a clip and a file of weights in the authors' format."""
    card = registry.card_of(name)
    assert card is not None
    assert card.net is not None
    torch.manual_seed(0)
    save_tensors(card.net().state_dict(), tmp_path / f"{name}.safetensors", half=True)
    film = write_film(tmp_path / "clip.mp4", make_clip(3, 128, 160).frames)
    sizes = {key: value for key, value in published_options(name).items() if key != "weights"}
    more = [f"--set=target.{key}={value}" for key, value in sizes.items()]
    words = ["run", "--target", name, "--video", str(film), "--weights", str(tmp_path / f"{name}.safetensors")]
    quick = sets((*FORCED, "recipe.student=lite", "lite.weights=none"))
    done = CliRunner().invoke(main, [*words, *more, *quick, "-o", str(tmp_path / "o")])
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "o" / "maps").glob("*.png"))) == 3
    (tmp_path / f"{name}.safetensors").unlink()  # many large files would fill the disk
