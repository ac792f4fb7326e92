"""Checks that a plugin fulfils its contract. Our own tests run them on the whole registry. Use them in yours:

    from boostvsod.testing import check_target
    def test_mynet(): check_target(lambda: my_plugin.build(weights="none"))

Each check takes a function that builds the part, builds it, and raises an AssertionError that names the fault.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from boostvsod import registry
from boostvsod.flow.tools import check_flow as check_field
from boostvsod.flow.tools import mirrored_view
from boostvsod.kinds import (
    Densifier,
    Evidence,
    FlowBackend,
    Frame,
    Fuser,
    JudgesMotion,
    Layout,
    Map,
    Mined,
    Miner,
    MotionSaliency,
    Proposer,
    Rgb,
    SeesViews,
    Student,
    Target,
    Window,
)
from boostvsod.media.maps import check_map
from boostvsod.media.synthetic import make_clip
from boostvsod.registry import Kind
from boostvsod.runtime import Runtime
from boostvsod.targets import Saliency, open_target, prepare

if TYPE_CHECKING:
    from boostvsod.recipe import Recipe

SIZES = ((48, 64), (37, 91), (96, 33))  # height, width: even, odd, upright
HEAVY = ("torch", "timm", "cv2", "onnxruntime")
CLOSE = 2e-2  # rounding may differ between batches, more so in bf16; mixed-up frames differ far more than this


def check_target(build: Callable[[], Target | Saliency], frames: int = 4) -> None:
    """Check a target: shape, type, range and order of its maps, independence of the batch, determinism.

    Batches are compared with single frames at the first size. At the other sizes two frames are predicted.
    Prediction must not change the weights. A function from a picture to its map is a target too.
    """
    target = open_target(build(), Runtime())  # it checks `window` and `batch`; a function or a network becomes a target
    before = _weights_of(target)
    windows, *others = (_windows(frames, height, width, target.window) for height, width in SIZES)
    prepare(target, "clip", [window.frame.name for window in windows])
    batched = _predicted(target, windows)
    for other in others:
        _predicted(target, other[:2])
    again = _predicted(target, windows)
    assert all(np.array_equal(a, b) for a, b in zip(batched, again, strict=True)), "two calls differ"
    alone = [_predicted(target, [window])[0] for window in windows]
    for i, (a, b) in enumerate(zip(batched, alone, strict=True)):
        gap = float(np.abs(a - b).max())
        assert gap < CLOSE, f"frame {i} alone differs by {gap:.3g} from itself in a batch: order or batch norm?"
    assert _weights_of(target) == before, "prediction changed the weights"


def check_student(build: Callable[[], Student]) -> None:
    """Check a student: its logits are finite and have the size of the input; training lowers the loss."""
    import torch

    from boostvsod.recipe import TrainOptions
    from boostvsod.training.loop import fit

    torch.manual_seed(0)
    student = build()
    clip = (2, 3) if student.window == 1 else (1, student.window, 3)
    rgb = torch.rand(*clip, student.size, student.size)
    truth = (rgb.mean(-3, keepdim=True).flatten(0, -4) > 0.5).float()
    outputs = student.net.eval()(rgb)
    first = outputs if isinstance(outputs, torch.Tensor) else outputs[0]
    assert first.shape == truth.shape, f"logits of shape {tuple(first.shape)} for truth {tuple(truth.shape)}"
    assert torch.isfinite(first).all(), "logits are not finite"
    batch = rgb, truth, torch.ones_like(truth)
    losses = fit(student, lambda step, generator: batch, 8, TrainOptions(loss="bce"), Runtime())
    assert losses[-1] < losses[0], f"8 steps on one batch took the loss from {losses[0]:.4f} to {losses[-1]:.4f}"


def check_flow(build: Callable[[], FlowBackend], shift: int = 3) -> None:
    """Check a flow backend: shape, type, all sizes from 16 pixels, determinism.

    A texture shifted by `shift` pixels must give about that flow.
    """
    flow = build()
    for height, width in (*SIZES, (16, 16)):
        a, b = Frame.of(_texture(height, width)), Frame.of(_texture(height, width, 1), 1)
        first = check_field(flow.estimate(a, b), (height, width), "flow")
        assert np.array_equal(first, flow.estimate(a, b)), "two calls differ"
    a, b = Frame.of(_texture(96, 128)), Frame.of(_texture(96, 128, shift), 1)
    inside = flow.estimate(a, b)[24:-24, 24:-24]
    median = np.median(inside.reshape(-1, 2), axis=0)
    assert np.abs(median - (shift, 0)).max() < 0.5, f"for a shift of ({shift}, 0) pixels the flow is {median}"


def check_motion(build: Callable[[], MotionSaliency]) -> None:
    """Check motion saliency: shape, type, range, all sizes, determinism, also without any motion."""
    motion = build()
    for height, width in SIZES:
        rgb = _texture(height, width)
        for flow in (_moving_box(height, width), np.zeros((height, width, 2), np.float32)):
            saliency = check_map(motion.saliency(rgb, flow), (height, width), "motion", "test")
            if isinstance(motion, JudgesMotion):
                judged = motion.judge(rgb, flow)
                assert np.array_equal(judged.map, saliency), "judge and saliency return different maps"
                assert all(np.isfinite(value) for value in judged.features.values()), f"features are {judged.features}"
            assert np.array_equal(saliency, motion.saliency(rgb, flow)), "two calls differ"
            if isinstance(motion, SeesViews):
                both = motion.saliencies([(rgb, flow), mirrored_view(rgb, flow)])
                assert len(both) == 2, f"{len(both)} maps of 2 views"
                assert np.abs(both[0] - saliency).max() < 0.05, "one view alone has another map"


def check_miner(build: Callable[[], Miner]) -> None:
    """Check a miner: one verdict per frame, mined frames in order and inside the piece, truths that are maps."""
    miner = build()
    for evidence in (_agreeing(6), _empty(6), _agreeing(1)):
        mining = miner.mine(evidence)
        total, numbers = len(evidence.target), [m.index for m in mining.mined]
        assert len(mining.verdicts) == total, f"{len(mining.verdicts)} verdicts for {total} frames"
        assert numbers == sorted(set(numbers)), f"mined frames are {numbers}: not in order, or not unique"
        marked = [i for i, verdict in enumerate(mining.verdicts) if verdict.mined]
        assert numbers == marked, f"mined frames are {numbers}, but the verdicts mark {marked}"
        assert all(verdict.why for verdict in mining.verdicts), "a verdict gives no reason"
        for one in mining.mined:
            check_map(one.truth, evidence.target[one.index].shape, "miner", str(one.index))
        again = miner.mine(evidence)
        assert [m.index for m in again.mined] == numbers, "two calls differ"


def check_proposer(build: Callable[[], Proposer]) -> None:
    """Check a proposer: boxes inside the picture, at most as many as requested, the best first, determinism.

    Maps without anything salient must not be an error.
    """
    proposer, rgb = build(), _texture(48, 64)
    blob, nothing = np.zeros((48, 64), np.float32), np.zeros((48, 64), np.float32)
    blob[10:30, 20:44] = 0.9
    for target, motion in ((blob, blob), (blob, nothing), (nothing, nothing)):
        boxes = list(proposer.propose(rgb, target, motion, 5))
        assert len(boxes) <= 5, f"{len(boxes)} boxes, at most 5 were requested"
        for box in boxes:
            assert 0 <= box.left < box.right <= 64, f"{box} is empty or outside 64 x 48"
            assert 0 <= box.top < box.bottom <= 48, f"{box} is empty or outside 64 x 48"
        scores = [box.score for box in boxes]
        assert scores == sorted(scores, reverse=True), f"scores are {scores}: the best must come first"
        assert boxes == list(proposer.propose(rgb, target, motion, 5)), "two calls differ"


def check_densifier(build: Callable[[], Densifier], flow: FlowBackend) -> None:
    """Check a densifier: mined frames stay unchanged; filled frames lie between them, in order; truths are maps."""
    densifier, evidence = build(), _agreeing(6)
    mined = [Mined(i, evidence.target[i], 0.5, "mined") for i in (0, 4)]
    for given in (mined, mined[:1], []):
        filled = list(densifier.fill(evidence.frames, given, flow))
        numbers = [m.index for m in filled]
        assert numbers == sorted(set(numbers)), f"frames are {numbers}: not in order, or not unique"
        assert [m for m in filled if m.index in (0, 4)] == given, "mined frames were changed"
        for one in filled:
            assert one.index <= 4, f"frame {one.index} is not between mined ones"
            check_map(one.truth, evidence.target[one.index].shape, "densifier", str(one.index))


def check_fuser(build: Callable[[], Fuser]) -> None:
    """Check a fuser: it returns a map and does not change its inputs."""
    fuser, (a, b, c) = build(), np.random.default_rng(0).random((3, 20, 30), np.float32)
    copies = a.copy(), b.copy(), c.copy()
    check_map(fuser.fuse(a, b, c), (20, 30), "fuser", "test")
    assert all(np.array_equal(x, y) for x, y in zip((a, b, c), copies, strict=True)), "fusing changed its inputs"


def check_recipe(build: Callable[[], Recipe]) -> None:
    """Check a recipe: all its parts are offered, they have the options that it sets, and the loss is known."""
    from boostvsod.recipe import Recipe
    from boostvsod.training.losses import find_loss

    recipe: object = build()
    assert isinstance(recipe, Recipe), f"{type(recipe).__name__} came back, expected a Recipe"
    find_loss(recipe.train.loss)
    registry.checked_recipe(recipe)


def check_layout(build: Callable[[], Layout]) -> None:
    """Check a layout of a data set: it names folders of pictures and of masks, in lower case."""
    layout: object = build()
    assert isinstance(layout, Layout), f"{type(layout).__name__} came back, expected a Layout"
    for what, folders in (("pictures", layout.pictures), ("masks", layout.masks)):
        assert isinstance(folders, tuple), f"{what} is a {type(folders).__name__}, expected a tuple of folders"
        assert folders, f"{what} names no folder"
        assert all(folder == folder.lower() for folder in folders), f"{what} is {folders}, expected lower case"


def check_cheap(module: str) -> None:
    """Check that importing a plugin does not import the heavy libraries that only building needs."""
    code = f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", f"importing {module} imports {done.stdout.strip()}"


def _check_densifier(build: Callable[[], Densifier]) -> None:
    """As `check_densifier`, with the default flow backend."""
    from boostvsod.recipe import Recipe

    check_densifier(build, registry.build("flows", Recipe.flow))


CHECKS: dict[Kind, Callable[[Callable[[], Any]], None]] = {  # the check of every kind that an offer can have
    "targets": check_target,
    "students": check_student,
    "flows": check_flow,
    "motion": check_motion,
    "miners": check_miner,
    "proposals": check_proposer,
    "densifiers": _check_densifier,
    "fusers": check_fuser,
    "recipes": check_recipe,
    "datasets": check_layout,
}


WANTED: dict[Kind, str] = {  # what the checks want, in words
    "targets": "one map a window, in order, H x W floats in [0, 1], of the frame's size, for any size; the same map in "
    "any batch and in every call; predicting changes no weights",
    "students": "finite logits B x 1 x S x S for pictures B x 3 x S x S; eight steps on one batch lower the loss",
    "flows": "H x W x 2 finite float32, for any size from 16 x 16 on; the same in every call; (3, 0) for a texture "
    "that moves right by 3 pixels",
    "motion": "a map H x W of floats in [0, 1], for any size, without motion too; the same in every call",
    "miners": "one verdict a frame, each with a reason; mined frames in order, each with a map as truth; nothing "
    "salient is no error; the same frames in every call",
    "proposals": "boxes inside the picture, at most as many as requested, the best first; nothing salient is no error; "
    "the same boxes in every call",
    "densifiers": "the mined frames unchanged, and frames between them with maps as truths, in order",
    "fusers": "a map H x W of floats in [0, 1]; the inputs unchanged",
    "recipes": "all parts are offered and have the options that are set; the loss is known",
    "datasets": "folders of pictures and of masks, in lower case",
}


def windows_of(frames: Sequence[Frame], length: int) -> list[Window]:
    """One window of `length` frames around every frame; the ends are repeated."""
    centre, last = (length - 1) // 2, len(frames) - 1
    around = [[min(max(i + j - centre, 0), last) for j in range(length)] for i in range(len(frames))]
    return [Window(tuple(frames[j] for j in neighbours), centre) for neighbours in around]


def _windows(count: int, height: int, width: int, length: int) -> list[Window]:
    frames = [Frame(i, f"{i:05d}", rgb) for i, rgb in enumerate(make_clip(count, height, width).frames)]
    return windows_of(frames, length)


def _predicted(target: Target, windows: Sequence[Window]) -> list[Map]:
    maps = list(target.predict(windows))
    assert len(maps) == len(windows), f"{len(maps)} maps for {len(windows)} windows"
    return [check_map(m, w.frame.rgb.shape[:2], "target", w.frame.name) for m, w in zip(maps, windows, strict=True)]


def _weights_of(target: object) -> str:
    """A hash of all torch parameters and buffers of a target and of its student."""
    import torch

    nets = [value for owner in (target, getattr(target, "student", None)) for value in vars(owner or object).values()]
    digest = hashlib.sha256()
    for net in nets:
        if isinstance(net, torch.nn.Module):
            for tensor in net.state_dict().values():
                digest.update(tensor.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()


def _texture(height: int, width: int, shift: int = 0) -> Rgb:
    """A smooth texture, shifted to the right by whole pixels."""
    import cv2

    noise = np.random.default_rng(3).integers(0, 256, (height, width + 32, 3)).astype(np.uint8)
    smooth = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 0, 255, cv2.NORM_MINMAX)  # type: ignore[call-overload]
    return np.ascontiguousarray(smooth[:, 16 - shift : 16 - shift + width])


def _moving_box(height: int, width: int) -> np.ndarray:
    flow = np.zeros((height, width, 2), np.float32)
    flow[height // 4 : height // 2, width // 4 : width // 2] = (4, -2)
    return flow


def _agreeing(count: int) -> Evidence:
    """Evidence in which target and motion show the same object in even frames, and different objects in odd ones."""
    left, right = np.zeros((24, 32), np.float32), np.zeros((24, 32), np.float32)
    left[6:18, 4:14], right[6:18, 18:28] = 0.9, 0.9
    frames = [Frame(i, str(i), _texture(24, 32)) for i in range(count)]
    features = [{"Q": 0.2 if i % 2 else 0.9} for i in range(count)]
    return Evidence(frames, [left] * count, [right if i % 2 else left for i in range(count)], features)


def _empty(count: int) -> Evidence:
    nothing = np.zeros((24, 32), np.float32)
    frames = [Frame(i, str(i), _texture(24, 32)) for i in range(count)]
    return Evidence(frames, [nothing] * count, [nothing] * count, [{"Q": 0.9}] * count)
