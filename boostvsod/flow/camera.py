"""The motion of the camera, estimated from a flow field as the affine motion of most of the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.kinds import Flow, Map

CELLS = 32  # per side of the grid on which the motion is fitted
ROUNDS = 12
BULK = 0.6  # the share of the cells that defines the usual error
PATIENCE = 4  # a cell with this many times the usual error has a quarter of the weight
FAST = 0.99  # this quantile of the speeds is shown at full strength
FLOOR = 5e-4  # of the picture's width: slower motion is never shown at full strength

Floats = NDArray[np.float64]


def camera_motion(flow: Flow) -> Flow:
    """The affine motion H W 2 that most of the picture follows, in the units of `flow`.

    Iterated least squares with the weights of Geman and McClure. Cells near the edge of the picture weigh more,
    because the object is seldom there.
    """
    height, width = flow.shape[:2]
    cells = cv2.resize(flow, (CELLS, CELLS), interpolation=cv2.INTER_AREA).reshape(-1, 2).astype(np.float64)
    fit = _robust_fit(cells)
    y, x = (_axis(side) for side in (height, width))
    return np.asarray(fit[0] + x[None, :, None] * fit[1] + y[:, None, None] * fit[2], np.float32)


def own_motion(flow: Flow) -> Map:
    """The speed H W of what does not move with the camera: 1 for the fastest hundredth, 0 for no motion."""
    rest = flow - camera_motion(flow)
    speed = np.hypot(rest[..., 0], rest[..., 1]) / flow.shape[1]
    return np.asarray(np.clip(speed / max(float(np.quantile(speed, FAST)), FLOOR), 0, 1), np.float32)


def _robust_fit(cells: Floats) -> Floats:
    """The affine motion 3 x 2 (at the centre, per half width, per half height) of a grid of vectors."""
    y, x = np.meshgrid(_axis(CELLS), _axis(CELLS), indexing="ij")
    basis: Floats = np.stack([np.ones(x.size), x.ravel(), y.ravel()], 1)
    prior = 0.25 + np.maximum(np.abs(x), np.abs(y)).ravel() ** 2
    weight = prior
    fit: Floats = np.zeros((3, 2))
    for _ in range(ROUNDS):
        weighted = basis * weight[:, None]
        fit = np.asarray(np.linalg.solve(basis.T @ weighted + 1e-9 * np.eye(3), weighted.T @ cells), np.float64)
        error = np.square(cells - basis @ fit).sum(1)
        usual = np.average(error, weights=prior * (error <= np.quantile(error, BULK))) + 1e-12
        weight = prior / np.square(1 + error / (PATIENCE * usual))
    return fit


def _axis(side: int) -> Floats:
    """The centres of `side` pixels, in [-1, 1]."""
    return (np.arange(side) + 0.5) / side * 2 - 1
