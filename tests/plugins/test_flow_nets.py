"""Flow networks and their operators, equal to the official code (recorded outputs under deterministic weights)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden_flow import compact, drawn, fill, generator, keys_of, pair, weight
from made import GOLDEN, research
from torch.nn import functional as F
from torch.utils._pytree import tree_flatten

from boostvsod import build
from boostvsod.errors import WeightsError
from boostvsod.kinds import Frame
from boostvsod.runtime import Runtime
from boostvsod_plugins.flow import flownet2 as flownet2_backend
from boostvsod_plugins.flow.learnt import centred, padded, resized
from boostvsod_plugins.flow.nets import fastflownet, flownet2, liteflownet, operators, pwcnet, raft, spynet

RECORDED = np.load(GOLDEN / "flow.npz")
PIXEL = 1e-3


def assert_same(made: torch.Tensor, name: str, tolerance: float = PIXEL) -> None:
    value = compact({"": made.detach().numpy()})[""]
    recorded = RECORDED[name].astype(np.float64)
    assert value.size == recorded.size, f"{name}: {value.size} values, {recorded.size} were recorded"
    assert np.abs(value.ravel() - recorded.ravel()).max() < tolerance, name


def assert_passes_taps(name: str, net: torch.nn.Module, run: Callable[[], object]) -> None:
    """Check that every value recorded inside the official network also passes between the modules of this one."""
    passed: list[torch.Tensor] = []

    def note(module: torch.nn.Module, inputs: Any, outputs: Any) -> None:
        values, _ = tree_flatten((inputs, outputs))
        passed.extend(value.clone() for value in values if isinstance(value, torch.Tensor))

    hooks = [module.register_forward_hook(note) for module in net.modules()]
    with torch.inference_mode():
        run()
    for hook in hooks:
        hook.remove()
    taps = [key.partition("/")[2] for key in RECORDED.files if key.startswith(f"{name}/tap_")]
    assert taps
    for tap in taps:
        recorded = RECORDED[f"{name}/{tap}"].astype(np.float64)
        gaps = [_gap(recorded_part(value, tap), recorded) for value in passed]
        assert min(gaps) < PIXEL, f"{name}/{tap}: nearest is {min(gaps)}"


def recorded_part(value: torch.Tensor, tap: str) -> torch.Tensor:
    """The part of a module's input or output that a tap recorded."""
    if value.ndim != 4:
        return value
    parts: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "first8": lambda x: x[:, :8],
        "first4_and_last4": lambda x: torch.cat([x[:, :4], x[:, -4:]], 1),
        "fmap1_first4": lambda x: x[:1, :4],
        "pix_y5_x7": lambda x: x[..., 5:6, 7:8],
        "chan_mean": lambda x: x.mean((2, 3)),
        "upflow": lambda x: x[:, -2:],
        "in_center": lambda x: x[..., x.shape[2] // 2 - 4 :, x.shape[3] // 2 - 4 :][..., :8, :8],
    }
    take = next((part for mark, part in parts.items() if mark in tap), lambda x: x)
    return take(value)


def _gap(value: torch.Tensor, recorded: np.ndarray) -> float:
    flat = compact({"": value.float().numpy()})[""].ravel()
    return float(np.abs(flat - recorded.ravel()).max()) if flat.size == recorded.size else float("inf")


def test_correlation() -> None:
    a, b = (drawn(f"corr4:{x}", (1, 8, 7, 9)) for x in "ab")
    assert_same(operators.correlate(a, b, 4), "ops/corr4", 1e-5)
    a, b = (drawn(f"corr20:{x}", (1, 6, 12, 14)) for x in "ab")
    assert_same(operators.correlate(a, b, 20, step=2), "ops/corr20s2", 1e-5)
    a, b = (drawn(f"corrl:{x}", (1, 6, 9, 11)) for x in "ab")
    assert_same(operators.correlate(a, b, 3), "ops/corr_liteflow_stride1", 1e-5)
    assert_same(operators.correlate(a, b, 6, step=2)[..., ::2, ::2], "ops/corr_liteflow_stride2", 1e-5)


def test_warping() -> None:
    image, flow = drawn("warp:x", (1, 3, 8, 10)), drawn("warp:flow", (1, 2, 8, 10), 3)
    assert_same(operators.warp(image, flow, "border"), "ops/warp_spynet", 1e-5)
    assert_same(operators.warp(image, flow, "border"), "ops/resample2d", 1e-5)
    assert_same(operators.warp(image, flow), "ops/warp_liteflownet", 1e-5)
    assert_same(operators.warp(image, flow), "ops/warp_fastflownet", 1e-5)
    assert_same(operators.warp_inside(image, flow, 0.999), "ops/warp_pwc_sniklaus", 1e-5)
    assert_same(operators.warp_inside(image, flow, 0.9999), "ops/warp_pwc_nvlabs", 1e-5)


@pytest.mark.parametrize("radius", [3, 4])
def test_lookup(radius: int) -> None:
    a, b = (drawn(f"raft:{x}", (1, 16, 16, 18)) for x in ("f1", "f2"))
    flow = drawn("raft:flow", (1, 2, 16, 18), 2)
    places = operators.pixel_grid(flow) + flow
    assert_same(raft.Correlations(a, b, radius)(places), f"ops/raft_lookup_r{radius}", 1e-4)


def test_upsampling() -> None:
    flow, mask = drawn("raft:flow8", (1, 2, 4, 5)), drawn("raft:mask", (1, 576, 4, 5))
    assert_same(raft.convex_upsample(flow, mask), "ops/raft_convex_upsample", 1e-4)
    smooth = 8 * F.interpolate(flow, scale_factor=8, mode="bilinear", align_corners=True)
    assert_same(smooth, "ops/raft_upflow8", 1e-4)


@pytest.fixture(params=["raft_small", "raft_basic"])
def any_raft(request: pytest.FixtureRequest) -> tuple[str, raft.RAFT]:
    net = raft.RAFT(request.param == "raft_small")
    fill(net, float(RECORDED[f"{request.param}/gain"]))
    return request.param, net


def test_raft_has_the_official_keys(any_raft: tuple[str, raft.RAFT]) -> None:
    name, net = any_raft
    assert keys_of(net) == str(RECORDED[f"{name}/keys"])


def test_raft_is_the_official_one(any_raft: tuple[str, raft.RAFT]) -> None:
    name, net = any_raft
    with torch.inference_mode():
        a, b = (255 * x for x in pair(name, 128, 192))
        assert_same(net.low_resolution(a, b, 20)[0], f"{name}/flow_low_128x192")
        for iterations in (12, 20):
            assert_same(net(a, b, iterations), f"{name}/flow_128x192_it{iterations}_sintelpad")
        a, b = (255 * x for x in pair(name, 132, 150))
        for below in (False, True):
            official = "kitti" if below else "sintel"
            flow = padded(partial(net, iterations=20), 8, 8, below)(a, b)
            assert_same(flow, f"{name}/flow_132x150_it20_{official}pad")
        a, b = (255 * x for x in pair(name, 128, 192))
        assert_passes_taps(name, net, lambda: net(a, b, 2))


def test_spynet_is_the_official_one() -> None:
    net = spynet.SPyNet()
    assert keys_of(net) == str(RECORDED["spynet/keys"])
    fill(net, float(RECORDED["spynet/gain"]))
    with torch.inference_mode():
        for height, width in ((128, 192), (100, 150)):
            a, b = pair("spynet", height, width)
            assert_same(resized(net, 32)(a, b), f"spynet/flow_{height}x{width}")
    assert_passes_taps("spynet", net, lambda: net(*pair("spynet", 128, 192)))


def drawn_features(name: str, x: str, widths: tuple[int, ...], first: int) -> list[torch.Tensor]:
    """A random feature pyramid with levels numbered from `first`. It has negative values, unlike real features."""
    shapes = {level: (1, width, 128 >> level, 192 >> level) for level, width in enumerate(widths, first)}
    values = [generator(f"input:{name}:inj:{x}:{level}").standard_normal(shape) for level, shape in shapes.items()]
    return [torch.from_numpy(value.astype(np.float32)) for value in values]


@pytest.mark.parametrize("name", ["pwcnet_sniklaus", "pwcnet_nvlabs"])
def test_pwcnet_is_the_official_one_under_either_naming(name: str) -> None:
    net = pwcnet.PWCNet(0.999 if name == "pwcnet_sniklaus" else 0.9999)
    official = [key.split("|") for key in RECORDED[f"{name}/listed"]]
    own = {key: value.shape for key, value in net.state_dict().items()}
    theirs = {pwcnet.from_nvlabs(key): (key, tuple(map(int, shape.split(",")))) for key, shape in official}
    theirs.pop(None, None)
    assert {key: tuple(shape) for key, shape in own.items()} == {key: shape for key, (_, shape) in theirs.items()}
    gain = float(RECORDED[f"{name}/gain"])
    net.load_state_dict({key: torch.from_numpy(weight(k, shape, gain)) for key, (k, shape) in theirs.items() if key})
    net.eval()
    with torch.inference_mode():
        features = [drawn_features(name, x, pwcnet.WIDTHS, 1) for x in "ab"]
        assert_same(net.decode(*features), f"{name}/flow_injected")
        for height, width in ((128, 192), (100, 150)):
            a, b = (x.flip(1) for x in pair(name, height, width))
            assert_same(resized(net, 64)(a, b), f"{name}/flow_{height}x{width}")
    a, b = (x.flip(1) for x in pair(name, 128, 192))
    assert_passes_taps(name, net, lambda: net(a, b))


def test_fastflownet_is_the_official_one() -> None:
    net = fastflownet.FastFlowNet()
    assert keys_of(net) == str(RECORDED["fastflownet/keys"])
    fill(net, float(RECORDED["fastflownet/gain"]))
    with torch.inference_mode():
        for height, width in ((128, 192), (100, 150)):
            a, b = centred(*(x.flip(1) for x in pair("fastflownet", height, width)))
            assert_same(resized(net, 64, twice=True)(a, b), f"fastflownet/flow_{height}x{width}")
    a, b = centred(*(x.flip(1) for x in pair("fastflownet", 128, 192)))
    assert_passes_taps("fastflownet", net, lambda: net(a, b))


def test_liteflownet_is_the_official_one(monkeypatch: pytest.MonkeyPatch) -> None:
    net = liteflownet.LiteFlowNet()
    assert keys_of(net) == str(RECORDED["liteflownet/keys"])
    fill(net, float(RECORDED["liteflownet/gain"]))
    with torch.inference_mode():
        for height, width in ((128, 192), (100, 150)):
            a, b = (x.flip(1) for x in pair("liteflownet", height, width))
            assert_same(resized(net, 32)(a, b), f"liteflownet/flow_{height}x{width}")
        a, b = (x.flip(1) for x in pair("liteflownet", 128, 192))
        assert_passes_taps("liteflownet", net, lambda: net(a, b))
        pyramids = iter(
            [0.5 * feature for feature in drawn_features("liteflownet", x, liteflownet.WIDTHS, 0)] for x in "ab"
        )
        monkeypatch.setattr(net.netFeatures, "forward", lambda picture: next(pyramids))
        nothing = torch.zeros(1, 3, 128, 192)
        assert_same(net(nothing, nothing), "liteflownet/flow_injected", 5e-3)


@pytest.mark.parametrize("kind", flownet2_backend.KINDS)
def test_flownet2_is_the_official_one(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = kind.replace("-", "_")
    holder, net = flownet2_backend.make(kind)
    assert keys_of(holder) == str(RECORDED[f"{name}/keys"])
    fill(holder, float(RECORDED[f"{name}/gain"]))
    run = partial(flownet2_backend.normalised, net)
    tolerance = 5e-3 if kind == "flownet2-css" else PIXEL
    with torch.inference_mode():
        a, b = (255 * x for x in pair(name, 128, 192))
        assert_same(run(a, b), f"{name}/flow_128x192", tolerance)
        assert_passes_taps(name, holder, partial(run, a, b))
        a, b = (255 * x for x in pair(name, 100, 150))
        assert_same(resized(run, 64)(a, b), f"{name}/flow_100x150_resize", tolerance)
        assert_same(run(a[..., 18:82, 11:139], b[..., 18:82, 11:139]), f"{name}/flow_100x150_crop", tolerance)
        if kind == "flownet2-c":
            features = iter(generator(f"input:{name}:inj:{x}:3").standard_normal((1, 256, 16, 24)) for x in "ab")
            drawn_next = lambda x: torch.from_numpy(next(features).astype(np.float32))  # noqa: E731
            monkeypatch.setattr(holder.get_submodule("conv3"), "forward", drawn_next)
            a, b = (255 * x for x in pair(name, 128, 192))
            assert_same(run(a, b), f"{name}/flow_injected", tolerance)


def test_flownet2_fusion_is_the_official_one() -> None:
    net = flownet2.FlowNetFusion()
    assert keys_of(net) == str(RECORDED["flownet2_fusion/keys"])
    fill(net, float(RECORDED["flownet2_fusion/gain"]))
    x = generator("input:flownet2_fusion:x").standard_normal((1, 11, 64, 96)).astype(np.float32)
    with torch.inference_mode():
        assert_same(net(torch.from_numpy(x)), "flownet2_fusion/flow")
    assert_passes_taps("flownet2_fusion", net, lambda: net(torch.from_numpy(x)))


@pytest.mark.parametrize("height", [16, 50, 131])
def test_any_size_is_finite_and_of_that_size(height: int, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (height, height + 21, 3)).astype(np.uint8)
    nets: dict[str, torch.nn.Module] = {
        "raft-small": raft.RAFT(True),
        "spynet": spynet.SPyNet(),
        "pwcnet": pwcnet.PWCNet(),
        "fastflownet": fastflownet.FastFlowNet(),
        "liteflownet": liteflownet.LiteFlowNet(),
    }
    for name, net in nets.items():
        fill(net, 0.4)
        torch.save(net.state_dict(), tmp_path / f"{name}.pth")
        options: dict[str, Any] = {"iterations": 2} if name == "raft-small" else {}
        flow = build("flows", name, Runtime(), weights=str(tmp_path / f"{name}.pth"), **options)
        made = flow.estimate(Frame.of(picture), Frame.of(picture, 1))
        assert made.shape == (height, height + 21, 2)
        assert np.isfinite(made).all()


def test_published_spynet_keys_are_understood(tmp_path: Path) -> None:
    net = spynet.SPyNet()
    published = {key.replace("net", "module"): value for key, value in net.state_dict().items()}
    torch.save(published, tmp_path / "network.pytorch")
    loaded: Any = build("flows", "spynet", Runtime(), weights=str(tmp_path / "network.pytorch"))
    assert all(torch.equal(value, net.state_dict()[key]) for key, value in loaded.net.state_dict().items())


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BOOSTVSOD_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match=r"boostvsod weights add raft-small raft-small\.pth"):
        build("flows", "raft-small")


def test_the_authors_weights_see_a_shift() -> None:
    from boostvsod.testing import check_flow

    path = research("weights/raft-small.pth")
    check_flow(lambda: build("flows", "raft-small", Runtime(), weights=str(path)))


def recorded_as(name: str) -> str:
    return {"pwcnet": "pwcnet_sniklaus"}.get(name, name.replace("-", "_"))


@pytest.mark.parametrize("name", ["spynet", "pwcnet", "liteflownet", "fastflownet", "flownet2-s", "flownet2-c"])
def test_bf16_stays_within_a_tenth_of_a_pixel(name: str) -> None:
    """With the golden weights, whose flow is a few pixels long. RAFT-small is faster in float32 and stays there."""
    golden = recorded_as(name)
    pictures = [(255 * x[0].permute(1, 2, 0)).byte().numpy() for x in pair(golden, 128, 192)]
    flows = []
    for precision in ("fp32", "bf16"):
        backend: Any = build("flows", name, Runtime(precision=precision), weights="random")
        fill(backend.net, float(RECORDED[f"{golden}/gain"]))
        flows.append(backend.estimate(*(Frame.of(picture) for picture in pictures)))
    away = np.linalg.norm(flows[0] - flows[1], axis=2)
    assert 0 < away.mean() < 0.1


@pytest.mark.parametrize("name", ["raft-small", "spynet", "pwcnet", "liteflownet", "fastflownet", "flownet2-s"])
def test_pairs_in_a_batch_do_not_mix(name: str) -> None:
    backend: Any = build("flows", name, Runtime(), weights="random")
    fill(backend.net, float(RECORDED[f"{recorded_as(name)}/gain"]))
    pictures = np.random.default_rng(0).integers(0, 256, (3, 130, 140, 3)).astype(np.uint8)
    pairs = [(Frame.of(a), Frame.of(b)) for a, b in pairwise(pictures)]
    alone = [backend.estimate(*each) for each in pairs]
    batched = backend._batch(pairs)
    for one, other in zip(alone, batched, strict=True):
        assert np.abs(one - other).max() < 1e-3
    assert np.abs(alone[0] - alone[1]).max() > 1e-3
