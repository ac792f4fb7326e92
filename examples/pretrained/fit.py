"""Train one network for a given time, so that it fits into a short loan of a GPU.

    python fit.py lite --work WORK --imagenet FILE --seconds 180
    python fit.py video-all --work WORK --lite WORK/lite.safetensors --slim lite-slim.safetensors --seconds 340

WORK holds the arrays of data.py and gets the weights. `video-0`, `video-1` and `video-2` leave out a third of the
clips, and also save the maps of the clips that they left out.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from itertools import compress
from pathlib import Path

import numpy as np
import torch
from flowpics import pictures
from safetensors.torch import load_file
from samples import Data, Draw, draw_pictures, draw_video
from torch import Tensor, nn
from torch.nn import functional as F

from boostvsod.weights.files import save_weights
from boostvsod_adapters.nets.lite import LiteNet
from boostvsod_adapters.nets.video_lite import TwoStream

SIZES = (224, 256, 288, 320)  # one is drawn at every step
LEFT_OUT_SIZE = (256, 320)
DECAY, AVERAGE, CLIP, SIDE, WARM = 0.03, 0.998, 1.0, 0.4, 0.06
LITE_RATES = {"encoder.": 6e-4, "": 2e-3}  # beginning of a parameter's name -> learning rate
VIDEO_RATES = {"encoder.": 1.5e-4, "motion.": 5e-4, "": 6e-4}

State = dict[str, Tensor]


# ---- networks before training


def lite_from(imagenet: Path) -> LiteNet:
    """LiteNet with the ImageNet encoder that imagenet.py saved."""
    net = LiteNet("lite0")
    net.encoder.load_state_dict(read(imagenet))
    return net


def video_from(lite: Path, slim: Path) -> TwoStream:
    """The two streams begin as the picture networks. Weights of the decoder for new features begin small."""
    net, picture, motion = TwoStream(), read(lite), read(slim)
    own = net.state_dict()
    own |= {key: value for key, value in picture.items() if key in own and own[key].shape == value.shape}
    own |= {key.replace("encoder.", "motion.", 1): value for key, value in motion.items() if key.startswith("encoder.")}
    stem = "motion.conv1.0.weight"  # it sees two pictures at once, and begins with their mean
    own[stem] = own[stem].repeat(1, 2, 1, 1) / 2
    for key, value in picture.items():
        if key in own and own[key].shape != value.shape:
            own[key] = own[key] * 0.3
            own[key][:, : value.shape[1]] = value
    net.load_state_dict(own)
    return net


def read(path: Path) -> State:
    return {key: value.float() if value.is_floating_point() else value for key, value in load_file(path).items()}


# ---- loss


def structure_loss(logits: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Weighted cross-entropy and weighted overlap (F3Net, Wei et al., AAAI 2020)."""
    logits = logits.float()
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    entropy = (weight * entropy).sum((1, 2, 3)) / weight.sum((1, 2, 3))
    shown = logits.sigmoid()
    both = (weight * shown * truth).sum((1, 2, 3))
    either = (weight * (shown + truth - shown * truth)).sum((1, 2, 3))
    return (entropy + 1 - (both + 1) / (either + 1)).mean()


def total_loss(outputs: tuple[Tensor, ...], truth: Tensor) -> Tensor:
    """The loss of all outputs. Pixels near outlines weigh up to five times as much."""
    near = truth
    for window, edge in (((1, 31), (0, 15)), ((31, 1), (15, 0))):  # a square window, ten times as fast
        near = F.avg_pool2d(near, window, 1, edge, count_include_pad=False)
    weight = 1 + 4 * (near - truth).abs()
    main, *sides = (structure_loss(x, truth, weight) for x in outputs)
    return main + SIDE * sum(sides, torch.zeros((), device=truth.device))


# ---- training


def parameter_groups(net: nn.Module, rates: dict[str, float]) -> list[dict]:
    """Parameters by learning rate. Vectors have no weight decay."""
    groups: dict[tuple[float, float], list] = {}
    for name, weight in net.named_parameters():
        rate = next(rate for begin, rate in rates.items() if name.startswith(begin))
        groups.setdefault((rate, DECAY if weight.ndim > 1 else 0.0), []).append(weight)
    return [{"params": p, "lr": rate, "peak": rate, "weight_decay": d} for (rate, d), p in groups.items()]


def share_of_rate(progress: float) -> float:
    """The learning rate rises linearly, then falls like a cosine to 0."""
    if progress < WARM:
        return max(progress / WARM, 1e-4)
    return max(0.5 * (1 + math.cos(math.pi * min(1.0, (progress - WARM) / (1 - WARM)))), 1e-4)


@torch.no_grad()
def update_average(average: nn.Module, net: nn.Module, decay: float) -> None:
    old, new = list(average.state_dict().values()), list(net.state_dict().values())
    real = [x.is_floating_point() for x in old]
    torch._foreach_lerp_(list(compress(old, real)), list(compress(new, real)), 1 - decay)


def train(net: nn.Module, draw: Draw, seconds: float, rates: dict[str, float], out: Path) -> nn.Module:
    """Train for some seconds. Returns the moving average of the weights, which is saved every minute too."""
    device = ARGS.device
    net = net.to(device, memory_format=torch.channels_last)
    groups = parameter_groups(net, rates)
    optimizer = torch.optim.AdamW(groups, weight_decay=0, fused=device.type == "cuda")
    weights = [p for group in groups for p in group["params"]]
    average, rng = copy.deepcopy(net).eval(), np.random.default_rng(0)
    began = saved = time.time()
    step = samples = 0
    while (now := time.time()) < began + seconds:
        for group in groups:
            group["lr"] = group["peak"] * share_of_rate((now - began) / seconds)
        count, loss = backward(net, draw, int(rng.choice(SIZES)))
        nn.utils.clip_grad_norm_(weights, CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step, samples = step + 1, samples + count
        update_average(average, net, min(AVERAGE, (1 + step) / (10 + step)))
        if step % 200 == 1:
            print(f"step {step}, {samples} samples, {now - began:.0f} s, loss {float(loss):.4f}", flush=True)
        if now - saved > 60:
            save_weights(average, out)
            saved = now
    print(f"{out.stem}: {step} steps, {samples} samples", flush=True)
    save_weights(average, out)
    return average


def backward(net: nn.Module, draw: Draw, size: int) -> tuple[int, Tensor]:
    """Gradients of one batch. Returns the number of samples and the loss."""
    with torch.no_grad():
        x, truth = draw(size)
    net.train()
    with torch.autocast(x.device.type, torch.bfloat16, x.device.type == "cuda"):  # on a CPU, gradients are slower in it
        outputs = net(x.contiguous(memory_format=torch.channels_last))
    loss = total_loss(outputs, truth)
    loss.backward()
    return len(x), loss.detach()


# ---- results


@torch.inference_mode()
def logits_of(net: nn.Module, x: Tensor) -> Tensor:
    with torch.autocast(x.device.type, torch.bfloat16):
        return net(x.contiguous(memory_format=torch.channels_last))[0].float()


def held_out_error(net: nn.Module, data: Data, size: int) -> float:
    """The mean absolute error of the held-out DUTS pairs."""
    errors = []
    for part in data.held_out.split(64):
        part = part.float() / 255
        small = F.interpolate(part[:, :3], (size, size), mode="bilinear", align_corners=False, antialias=True)
        maps = F.interpolate(logits_of(net, small), part.shape[-2:], mode="bilinear", align_corners=False).sigmoid()
        errors.append((maps - part[:, 3:]).abs().mean((1, 2, 3)))
    return float(torch.cat(errors).mean())


def view_of(data: Data, rows: Tensor, view: int) -> Tensor:
    """The input for some frames: with flow to the next frame, or mirrored with flow to the previous one."""
    flow = F.interpolate(data.flows[rows, view].float(), LEFT_OUT_SIZE, mode="bilinear", align_corners=False)
    rgb = data.frames[rows, :3].float() / 255
    rgb = F.interpolate(rgb, LEFT_OUT_SIZE, mode="bilinear", align_corners=False, antialias=True)
    if view:
        sign = torch.tensor([-1.0, 1, -1, 1], device=flow.device).view(1, 4, 1, 1)
        flow, rgb = flow.flip(-1) * sign, rgb.flip(-1)
    return torch.cat([rgb, pictures(flow[:, :2], flow[:, 2:])], 1)


def save_left_out(net: nn.Module, data: Data, fold: str, out: Path) -> None:
    """The maps of the clips that a fold left out, for calibration: clip -> bytes N 2 64 80, level = 128 + 8 logit."""
    maps = {}
    for clip, first, count in data.left_out(fold):
        found = []
        for rows in torch.arange(first, first + count, device=data.device).split(32):
            ahead, back = (logits_of(net, view_of(data, rows, view)) for view in (0, 1))
            both = torch.stack([ahead, back.flip(-1)], 1)[:, :, 0]
            found.append(F.interpolate(both, (64, 80), mode="area"))
        maps[clip] = (torch.cat(found) * 8 + 128).round().clamp(0, 255).byte().cpu().numpy()
    np.savez_compressed(out, **maps)


def main() -> None:
    global ARGS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=("lite", "video-all", "video-0", "video-1", "video-2"))
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--imagenet", type=Path, help="what imagenet.py saved")
    parser.add_argument("--lite", type=Path, help="weights of lite")
    parser.add_argument("--slim", type=Path, help="weights of lite-slim")
    parser.add_argument("--batch", type=int, default=0, help="64 for lite and 32 for video, by default")
    parser.add_argument("--device", type=torch.device, default=torch.device("cuda"))
    ARGS = parser.parse_args()
    torch.manual_seed(0)
    out = ARGS.work / f"{ARGS.network}.safetensors"
    if ARGS.network == "lite":
        data = Data(ARGS.work, ARGS.device, clips=False)
        net = train(lite_from(ARGS.imagenet), draw_pictures(data, ARGS.batch or 64), ARGS.seconds, LITE_RATES, out)
        print("held out:", {size: round(held_out_error(net, data, size), 4) for size in (256, 320)})
        return
    fold = ARGS.network.removeprefix("video-")
    data = Data(ARGS.work, ARGS.device, clips=True, every=1 if fold == "all" else 3)
    draw = draw_video(data, fold, ARGS.batch or 32)
    net = train(video_from(ARGS.lite, ARGS.slim), draw, ARGS.seconds, VIDEO_RATES, out)
    if fold != "all":
        save_left_out(net, data, fold, out.with_suffix(".npz"))


if __name__ == "__main__":
    main()
