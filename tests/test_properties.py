"""Whatever bytes a reader gets and whatever text an option gets: a right value, or an error of our own."""

from __future__ import annotations

import contextlib
import os
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from badinput.bad_files import archive, encoded, film, frames_and_masks, picture, safetensors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boostvsod.datasets.layouts import open_dataset
from boostvsod.datasets.masks import read_mask
from boostvsod.errors import BoostError, ConfigError, InputError, WeightsError
from boostvsod.errors.text import printable
from boostvsod.files import natural
from boostvsod.flow.files import FORMATS, read_flow, write_flow
from boostvsod.media.archive import File, Tree
from boostvsod.media.containers import counts_exactly, cut_short, is_text
from boostvsod.media.images import decode_exactly, decode_map, decode_rgb, unit_range
from boostvsod.media.sources import open_source
from boostvsod.media.video import Video
from boostvsod.recipe import Recipe
from boostvsod.settings import parse_setting, read_toml
from boostvsod.weights.files import read_weights

SEEDS = {suffix: picture(suffix) for suffix in ("png", "jpg", "bmp", "webp", "tif", "ppm", "pgm")}
ZIP = archive(frames_and_masks())
# The same examples in every run. `HYPOTHESIS_EXAMPLES=20000 pytest tests/test_properties.py` searches longer.
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "60"))
quick = settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES == 60,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    """The data with some bytes changed, and perhaps its end cut off or something added."""
    changes = st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=6)
    return st.builds(_damage, st.just(data), changes, st.integers(0, len(data)), st.binary(max_size=8))


def _damage(data: bytes, changes: list[tuple[int, int]], length: int, tail: bytes) -> bytes:
    changed = bytearray(data)
    for place, value in changes:
        changed[place] = value
    return bytes(changed) + tail if length % 2 else bytes(changed[:length])


def of(seed: bytes) -> st.SearchStrategy[bytes]:
    """Any bytes, or a good file with damages."""
    return st.one_of(st.binary(max_size=300), damaged(seed))


@contextlib.contextmanager
def written(data: bytes, name: str) -> Iterator[Path]:
    """A file with this content in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path


@pytest.mark.parametrize("suffix", SEEDS)
@pytest.mark.parametrize("read", [decode_rgb, decode_map, decode_exactly])
def test_pictures(read: Callable[[bytes, str], np.ndarray], suffix: str) -> None:
    @quick
    @given(of(SEEDS[suffix]))
    def check(data: bytes) -> None:
        with contextlib.suppress(InputError):
            image = read(data, "x")
            assert image.ndim == (3 if read is decode_rgb else 2)
            assert read is decode_rgb or 0 <= image.min() <= image.max() <= 1

    check()


@quick
@given(of(encoded(np.eye(32, 48, dtype=np.float32), "tiff")))
def test_masks(data: bytes) -> None:
    with written(data, "x.tif") as path, contextlib.suppress(InputError):
        mask = read_mask(File(path))
        assert 0 <= mask.min() <= mask.max() <= 1


@quick
@given(st.lists(st.floats(width=32), min_size=4, max_size=4))
def test_ranges(values: list[float]) -> None:
    with contextlib.suppress(InputError):
        unit = unit_range(np.array(values, np.float32).reshape(2, 2), "x")
        assert np.isfinite(unit).all()
        assert 0 <= unit.min() <= unit.max() <= 1


@quick
@given(of(film("mp4")), st.sampled_from(["mp4", "avi", "mkv"]))
def test_films(data: bytes, suffix: str) -> None:
    with written(data, f"x.{suffix}") as path:
        cut_short(path), counts_exactly(path), is_text(path)
        with contextlib.suppress(InputError):
            video = Video.open(path)
            assert video[len(video) - 1].rgb.shape == (*video.shape, 3)


@quick
@given(of(film("mkv")))
def test_structures_of_films(data: bytes) -> None:
    with written(data, "x.mkv") as path:
        assert cut_short(path) in (True, False)
        assert counts_exactly(path) in (True, False)


@quick
@given(of(ZIP))
def test_archives(data: bytes) -> None:
    with written(data, "x.zip") as path, contextlib.suppress(InputError):
        for file in Tree.open(path).walk().values():
            with contextlib.suppress(InputError):
                file.read()
        open_dataset(str(path))


@quick
@given(st.binary(max_size=200))
def test_lists_of_pictures(data: bytes) -> None:
    with written(data, "x.txt") as path, contextlib.suppress(InputError):
        open_source(str(path))


@pytest.mark.parametrize("suffix", FORMATS)
def test_flow(suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        seed = Path(folder) / f"x.{suffix}"
        write_flow(seed, np.ones((5, 7, 2), np.float32))
        content = seed.read_bytes()

    @quick
    @given(of(content))
    def check(data: bytes) -> None:
        with written(data, f"x.{suffix}") as path, contextlib.suppress(InputError):
            flow = read_flow(path)
            assert flow.dtype == np.float32
            assert flow.ndim == 3
            assert flow.shape[2] == 2

    check()


@pytest.mark.parametrize("suffix", ["pth", "safetensors", "caffemodel"])
def test_weights(suffix: str) -> None:
    seed = safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4))

    @quick
    @given(of(seed if suffix == "safetensors" else b"\xa2\x06\x10\x0a\x04conv\x3a\x08\x2a\x04\0\0\x80\x3f"))
    def check(data: bytes) -> None:
        with written(data, f"x.{suffix}") as path, contextlib.suppress(WeightsError):
            read_weights(path)

    check()


@quick
@given(st.text(max_size=40))
def test_settings(text: str) -> None:
    with contextlib.suppress(ConfigError):
        table, key, _ = parse_setting(text)
        assert table
        assert key


@quick
@given(
    st.sampled_from(["recipe", "train", "dis", "target", "nothing"]),
    st.sampled_from(["flow", "flow_scale", "buffer", "lr", "batch", "gate", "lambda", "nothing", "mirror"]),
    st.one_of(
        st.text(max_size=9), st.integers().map(str), st.floats().map(str), st.sampled_from(["[1]", "{a=1}", "1e999"])
    ),
)
def test_recipes(table: str, key: str, value: str) -> None:
    with contextlib.suppress(ConfigError):
        recipe = Recipe("x").with_settings([f"{table}.{key}={value}"])
        assert recipe.buffer >= 1
        assert recipe.flow_scale > 0


@quick
@given(st.one_of(st.binary(max_size=99), st.text(max_size=99).map(lambda text: text.encode("utf-8", "replace"))))
def test_recipe_files(data: bytes) -> None:
    with written(data, "x.toml") as path, contextlib.suppress(BoostError):
        assert isinstance(read_toml(path), dict)
        Recipe.read(path)


@quick
@given(st.lists(st.text(max_size=12), max_size=6))
def test_natural_order(names: list[str]) -> None:
    assert sorted(sorted(names, key=natural), key=natural) == sorted(names, key=natural)


@quick
@given(st.text())
def test_printed_text_is_harmless(text: str) -> None:
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in printable(text))
