"""Random views of pictures and clips, made on the device that trains."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from flowpics import pictures, smooth, speeds
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Variety:
    """How much views differ from the stored pictures."""

    zoom: tuple[float, float] = (0.5, 1.2)
    aspect: float = 0.25
    degrees: float = 15.0
    colour: float = 0.4
    grey: float = 0.1
    blur: float = 0.25
    noise: float = 0.04


def uniform(count: int, low: float, high: float, device: torch.device) -> Tensor:
    """Random numbers, B."""
    return low + (high - low) * torch.rand(count, device=device)


def placements(count: int, variety: Variety, device: torch.device) -> tuple[Tensor, Tensor]:
    """Affine maps B 2 3 from the view to the picture, and the matrix B 2 2 for vectors of flow."""
    zoom = uniform(count, math.log(variety.zoom[0]), math.log(variety.zoom[1]), device).exp()
    stretch = uniform(count, -variety.aspect, variety.aspect, device).exp()
    angle = uniform(count, -1, 1, device) * math.radians(variety.degrees)
    mirror = 1 - 2 * (torch.rand(count, device=device) < 0.5).float()
    across, down = zoom * stretch, zoom / stretch
    cos, sin = angle.cos(), angle.sin()
    shift_x = uniform(count, -1, 1, device) * (1 - across).abs()
    shift_y = uniform(count, -1, 1, device) * (1 - down).abs()
    rows = [mirror * across * cos, -down * sin, shift_x], [mirror * across * sin, down * cos, shift_y]
    theta = torch.stack([torch.stack(row, 1) for row in rows], 1)
    turn = torch.stack([torch.stack([mirror * cos, mirror * sin], 1), torch.stack([-sin, cos], 1)], 1)
    return theta, turn


def sample(theta: Tensor, x: Tensor, size: int) -> Tensor:
    """The views B C `size` `size` at the given placements."""
    grid = F.affine_grid(theta, [len(x), x.shape[1], size, size], False)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def recolour(rgb: Tensor, variety: Variety) -> Tensor:
    """Change brightness, contrast, saturation, cast and gamma. Some pictures become grey or blurred. Add noise."""
    count, device, strength = len(rgb), rgb.device, variety.colour

    def factor(width: int, share: float) -> Tensor:
        return uniform(count * width, -share, share, device).exp().view(count, width, 1, 1)

    def chosen(share: float) -> Tensor:
        return torch.rand(count, 1, 1, 1, device=device) < share

    grey = rgb.mean(1, keepdim=True)
    rgb = grey + (rgb - grey) * torch.where(chosen(variety.grey), 0.0, factor(1, 1.5 * strength))
    middle = rgb.mean((1, 2, 3), keepdim=True)
    rgb = (middle + (rgb - middle) * factor(1, strength)) * factor(1, strength) * factor(3, strength / 3)
    rgb = rgb.clamp(1e-3, 1) ** factor(1, strength / 2)
    rgb = torch.where(chosen(variety.blur), smooth(rgb, 3), rgb)
    rgb = torch.where(chosen(variety.blur / 2), smooth(rgb, 5), rgb)
    return (rgb + uniform(count, 0, variety.noise, device).view(-1, 1, 1, 1) * torch.randn_like(rgb)).clamp(0, 1)


def picture_views(stored: Tensor, variety: Variety, size: int) -> tuple[Tensor, Tensor]:
    """RGB and mask of stored bytes B 4 H W, whose last channel is the mask."""
    view = sample(placements(len(stored), variety, stored.device)[0], stored.float() / 255, size)
    return recolour(view[:, :3], variety), view[:, 3:].clamp(0, 1)


def turned(flow: Tensor, matrix: Tensor) -> Tensor:
    """Flow with its vectors multiplied by a matrix."""
    return torch.einsum("bij,bjhw->bihw", matrix, flow)


def any_turn(count: int, device: torch.device, share: float) -> Tensor:
    """Matrices B 2 2: random rotations, some mirrored, for a share of the batch; the identity for the others."""
    angle = uniform(count, 0, 2 * math.pi, device)
    mirror = 1 - 2 * (torch.rand(count, device=device) < 0.5).float()
    cos, sin = angle.cos(), angle.sin()
    matrix = torch.stack([torch.stack([cos, -sin * mirror], 1), torch.stack([sin, cos * mirror], 1)], 1)
    unchanged = torch.rand(count, 1, 1, device=device) >= share
    return torch.where(unchanged, torch.eye(2, device=device), matrix)


def affine_field(amount: Tensor, size: int) -> Tensor:
    """A random affine motion B 2 size size of about the speed `amount`, B."""
    count, device = len(amount), amount.device
    axis = torch.linspace(-1, 1, size, device=device)
    shift = torch.randn(count, 2, 1, 1, device=device)
    zoom, roll = (torch.randn(count, 1, 1, device=device) * 0.5 for _ in range(2))
    x, y = axis.view(1, 1, -1), axis.view(1, -1, 1)
    turning = torch.stack([zoom * x - roll * y, roll * x + zoom * y], 1)
    return (shift + turning) * amount.view(-1, 1, 1, 1)


def waves(count: int, size: int, device: torch.device) -> Tensor:
    """Smooth noise B 2 size size, with a standard deviation of about 1."""
    coarse = torch.randn(count, 2, 9, 9, device=device)
    return F.interpolate(coarse, (size, size), mode="bicubic", align_corners=False)


def moved(flow: Tensor, rest: Tensor) -> Tensor:
    """Flow pictures B 6 S S: half of them with another camera motion, all with faults and other strengths of colour."""
    count, device, size = len(flow), flow.device, flow.shape[-1]
    fast, slow = speeds(flow), speeds(rest)
    other_camera = torch.rand(count, device=device) < 0.5
    amount = torch.where(other_camera, uniform(count, 0, 1.5, device) * (0.3 * fast + slow), 0.0)
    flow = flow + affine_field(amount, size)
    faults = waves(count, size, device) * (uniform(count, 0, 0.06, device) * slow).view(-1, 1, 1, 1)
    flow, rest = flow + faults, rest + faults
    gain = uniform(2 * count, math.log(0.75), math.log(1.6), device).exp().view(2, count)
    drawn = pictures(flow, rest, gain)
    blurred = torch.rand(count, 1, 1, 1, device=device) < 0.15
    return torch.where(blurred, smooth(drawn, 5), drawn)


def clip_views(frames: Tensor, flows: Tensor, variety: Variety, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """RGB, flow pictures B 6 S S and mask of stored frames B 4 H W and their flows B 4 h w."""
    theta, turn = placements(len(frames), variety, frames.device)
    view = sample(theta, frames.float() / 255, size)
    both = sample(theta, flows.float(), size)
    turn = any_turn(len(frames), frames.device, 0.5) @ turn
    moving = moved(turned(both[:, :2], turn), turned(both[:, 2:], turn))
    return recolour(view[:, :3], variety), moving, view[:, 3:].clamp(0, 1)


def staged_views(stored: Tensor, variety: Variety, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The same of single pictures with simulated flow. The object moves in half of them, the camera in most."""
    rgb, mask = picture_views(stored, variety, size)
    count, device = len(rgb), rgb.device
    speed = 10 ** uniform(count, -3.2, -1.3, device)
    moves = (torch.rand(count, device=device) < 0.5).float() * 10 ** uniform(count, -0.8, 0.5, device)
    soft = smooth(mask, 9)
    own = affine_field(speed * moves, size) * soft + waves(count, size, device) * (0.02 * speed).view(-1, 1, 1, 1)
    camera = affine_field(torch.where(torch.rand(count, device=device) < 0.3, 0.0, speed), size)
    return rgb, moved(own + camera, own), mask
