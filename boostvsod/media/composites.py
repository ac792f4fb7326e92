"""An object over another background, with the colours of the object alone at its edges."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from boostvsod.errors import InputError
from boostvsod.errors.text import printable
from boostvsod.kinds import Map, Rgb
from boostvsod.media.images import resize_rgb
from boostvsod.media.video import Video

GREEN = (0, 177, 64)  # chroma-key green, RGB
WIDE, NARROW = 0.19, 0.0125  # radii of the two passes of `foreground`, as shares of the height: 91 and 6 at 480
SOFT = 0.03  # sigma of a blurred background, as a share of the height
FAINT = 0.1  # alpha from which a pixel counts as part of the object
LEAST = 1e-4  # a weight below this counts as none

Colours = NDArray[np.float32]  # H x W x 3, 0 to 255


def foreground(rgb: Rgb, alpha: Map) -> Colours:
    """The colours of the object alone. At its edges, a frame mixes them with those of the background.

    Forte, "Approximate Fast Foreground Colour Estimation" (ICIP 2021): mean colours of object and background around
    each pixel explain the pixel; the rest of its colour is the object's own. First widely, then narrowly.
    """
    picture = rgb.astype(np.float32)
    object_, background = picture, picture
    for share in (WIDE, NARROW):
        radius = max(1, round(share * rgb.shape[0]))
        object_, background = _refined(picture, object_, background, alpha, radius)
    return object_


def _refined(
    picture: Colours, object_: Colours, background: Colours, alpha: Map, radius: int
) -> tuple[Colours, Colours]:
    """One pass of blur fusion (equations 4 to 7): better colours of the object and of the background."""
    a = alpha[..., None]
    object_ = _weighted_blur(object_, alpha, radius)
    background = _weighted_blur(background, 1 - alpha, radius)
    own = object_ + a * (picture - a * object_ - (1 - a) * background)
    return np.clip(own, 0, 255).astype(np.float32), background


def _weighted_blur(colours: Colours, weight: Map, radius: int) -> Colours:
    """The mean colour around each pixel, weighted; black where no weight is near."""
    size = (2 * radius + 1, 2 * radius + 1)
    total = cv2.blur(weight, size)[..., None]
    return np.asarray(cv2.blur(colours * weight[..., None], size) / np.maximum(total, LEAST), np.float32)


def over(rgb: Rgb, alpha: Map, background: Rgb | Colours | tuple[int, int, int]) -> Rgb:
    """The object over another background."""
    a = alpha[..., None]
    mixed = a * foreground(rgb, alpha) + (1 - a) * np.asarray(background, np.float32)
    return np.asarray(np.rint(np.clip(mixed, 0, 255)), np.uint8)


def blurred_background(rgb: Rgb, alpha: Map) -> Colours:
    """The background as a lens would show it out of focus, without the colours of the object."""
    sigma = max(1.0, SOFT * rgb.shape[0])
    weight = np.clip(1 - alpha / FAINT, LEAST, 1)  # pixels of the soft edge have the object's colours too
    total = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    weighted = cv2.GaussianBlur(rgb.astype(np.float32) * weight[..., None], (0, 0), sigma)
    return np.asarray(weighted / np.maximum(total, LEAST), np.float32)


def with_alpha(rgb: Rgb, alpha: Map, bits: int = 8) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """The object's colours with the map as alpha, H x W x 4, in 8 or 16 bits."""
    colours = foreground(rgb, alpha) / 255
    four = np.dstack([colours, alpha])
    return np.asarray(np.rint(four * 255), np.uint8) if bits == 8 else np.asarray(np.rint(four * 65535), np.uint16)


class Backdrop:
    """A picture or a video that stands behind an object. It covers the frame; a short video starts again."""

    def __init__(self, given: str) -> None:
        self.given = given

    @cached_property
    def video(self) -> Video:
        video = Video.open(self.given)
        if not len(video):
            raise InputError(f"{printable(self.given)}: nothing in it can stand behind the object")
        return video

    def at(self, seconds: Fraction, height: int, width: int) -> Rgb:
        """The picture at a time, scaled and cropped to a size."""
        picture = self.video[int(seconds * self.video.fps) % len(self.video)].rgb
        scale = max(height / picture.shape[0], width / picture.shape[1])
        tall, wide = (max(side, round(scale * own)) for side, own in zip((height, width), picture.shape, strict=False))
        resized = resize_rgb(picture, tall, wide)
        top, left = (tall - height) // 2, (wide - width) // 2
        return resized[top : top + height, left : left + width]
