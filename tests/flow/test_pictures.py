"""The motion of the camera, and flow as pictures for video-lite."""

from __future__ import annotations

import numpy as np
import pytest

from boostvsod.flow.camera import camera_motion
from boostvsod.flow.colour import colour_flow
from boostvsod.flow.pictures import flow_pictures
from boostvsod.kinds import Flow

HEIGHT, WIDTH = 60, 100


def affine(shift: tuple[float, float], zoom: float, roll: float) -> Flow:
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    x, y = x - WIDTH / 2, y - HEIGHT / 2
    return np.stack([shift[0] + zoom * x - roll * y, shift[1] + zoom * y + roll * x], 2).astype(np.float32)


def with_object(flow: Flow, vector: tuple[float, float]) -> Flow:
    moved = flow.copy()
    moved[20:40, 30:60] += np.array(vector, np.float32)
    return moved


@pytest.mark.parametrize("camera", [affine((3, -1), 0, 0), affine((0, 0), 0.05, 0), affine((-2, 4), 0.02, 0.03)])
def test_camera_motion_ignores_an_object(camera: Flow) -> None:
    assert np.abs(camera_motion(camera) - camera).max() < 0.1
    assert np.abs(camera_motion(with_object(camera, (6, 2))) - camera).max() < 0.3


def test_camera_motion_of_no_flow_is_zero() -> None:
    assert not camera_motion(np.zeros((HEIGHT, WIDTH, 2), np.float32)).any()


def test_pictures_have_the_size_and_range_of_an_input() -> None:
    made = flow_pictures(np.random.default_rng(0).normal(0, 5, (HEIGHT, WIDTH, 2)).astype(np.float32), 64, 96)
    assert made.shape == (64, 96, 6)
    assert made.dtype == np.float32
    assert 0 <= made.min() < made.max() <= 1


def test_the_second_picture_shows_the_object_without_the_camera() -> None:
    made = flow_pictures(with_object(affine((5, 0), 0.02, 0), (3, 3)), HEIGHT, WIDTH)
    colourful = np.ptp(made[..., 3:], axis=2)
    assert colourful[22:38, 33:57].min() > 0.5
    assert colourful[:15].max() < 0.2


def test_colours_are_those_of_the_colour_code() -> None:
    turn = np.linspace(0, 2 * np.pi, WIDTH, endpoint=False)
    flow = np.tile(np.stack([np.cos(turn), np.sin(turn)], 1), (HEIGHT, 1, 1)).astype(np.float32)
    made = flow_pictures(flow, HEIGHT, WIDTH)[..., :3]
    assert np.abs(made - colour_flow(flow, 1.0) / 255).max() < 0.03


def test_slow_noise_stays_pale() -> None:
    noise = np.random.default_rng(0).normal(0, 0.002, (HEIGHT, WIDTH, 2)).astype(np.float32)
    assert flow_pictures(noise, HEIGHT, WIDTH).min() > 0.7
