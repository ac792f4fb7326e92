"""Pictures are resized."""

from __future__ import annotations

import numpy as np
import pytest

from boostvsod.media.images import resize_rgb


@pytest.mark.parametrize(("height", "width"), [(64, 64), (256, 320), (200, 30), (479, 853)])
def test_smaller_pictures_are_means_of_areas(height: int, width: int) -> None:
    import cv2

    noise = np.random.default_rng(0).normal(0, 40, (480, 854, 3))
    picture = np.clip(128 + 10 * cv2.GaussianBlur(noise, (0, 0), 5), 0, 255).astype(np.uint8)
    area = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(float)
    near = np.abs(resize_rgb(picture, height, width) - area).mean()
    assert near < 1 < picture.std()
