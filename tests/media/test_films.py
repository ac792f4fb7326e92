"""Films: their formats, times, sound and alpha."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from made import write_sounding_film

from boostvsod.media.film_reader import Times
from boostvsod.media.films import film_writer
from boostvsod.media.synthetic import Clip
from boostvsod.media.video import Video

FPS = Fraction(30000, 1001)
STARTS = (40, 73, 107, 240, 273, 307, 340, 440, 473, 507, 540, 640)  # milliseconds: no constant rate


@pytest.fixture
def source(tmp_path: Path, clip: Clip) -> Path:
    """A film with a variable frame rate, and with Opus sound."""
    return write_sounding_film(tmp_path / "source.mkv", clip.frames, STARTS)


def write(path: Path, pictures: np.ndarray, times: Times | None = None, sound: Path | None = None) -> None:
    with film_writer(path, FPS, times, sound) as append:
        for picture in pictures:
            append(picture)


def read(path: Path, pixels: str, codec: str = "") -> np.ndarray:
    """All frames. FFmpeg's own decoder of VP9 leaves out alpha, libvpx does not."""
    with av.open(str(path)) as film:
        stream: Any = film.streams.video[0]
        decoder: Any = av.CodecContext.create(codec, "r") if codec else stream.codec_context
        frames = [frame for packet in film.demux(stream) for frame in decoder.decode(packet)]
    return np.stack([frame.to_ndarray(format=pixels) for frame in frames])


def with_alpha(clip: Clip, bits: int = 8) -> np.ndarray:
    four = np.concatenate([clip.frames, clip.truth[..., None] * np.uint8(200)], axis=3)
    return four if bits == 8 else four.astype(np.uint16) * 257


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "h264"), ("a.webm", "vp9"), ("a.mov", "h264")])
def test_opaque_films(tmp_path: Path, clip: Clip, name: str, codec: str) -> None:
    write(tmp_path / name, clip.frames)
    with av.open(str(tmp_path / name)) as film:
        video = film.streams.video[0]
        assert (video.codec_context.name, video.average_rate) == (codec, FPS)
        assert video.codec_context.pix_fmt == "yuv420p", "all that browsers play"
    got = read(tmp_path / name, "rgb24").astype(float)
    assert np.abs(got.mean((1, 2)) - clip.frames.mean((1, 2))).max() < 2, "the colours stay"


def test_alpha_in_webm(tmp_path: Path, clip: Clip) -> None:
    write(tmp_path / "a.webm", with_alpha(clip))
    alpha = read(tmp_path / "a.webm", "rgba", "libvpx-vp9")[..., 3].astype(float)
    assert np.abs(alpha - with_alpha(clip)[..., 3]).mean() < 5


def test_alpha_in_prores(tmp_path: Path, clip: Clip) -> None:
    write(tmp_path / "a.mov", with_alpha(clip, 16))
    with av.open(str(tmp_path / "a.mov")) as film:
        video = film.streams.video[0].codec_context
        assert (video.name, video.profile) == ("prores", "4444")
    assert np.abs(read(tmp_path / "a.mov", "rgba").astype(float) - with_alpha(clip)).mean() < 1


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.webm", "opus")])
def test_sound_and_times_come_along(tmp_path: Path, clip: Clip, source: Path, name: str, codec: str) -> None:
    times = Video.open(source).times
    assert times is not None
    assert times.starts == STARTS
    write(tmp_path / name, clip.frames, times, source)
    again = Video.open(tmp_path / name).times
    assert again is not None
    seconds = [float((start - again.starts[0]) * again.base) for start in again.starts]
    assert np.allclose(seconds, [(start - STARTS[0]) / 1000 for start in STARTS], atol=1e-3)
    with av.open(str(tmp_path / name)) as film, av.open(str(source)) as given:
        assert film.streams.audio[0].codec_context.name == codec
        before, after = (loudness(each) for each in (given, film))
    assert np.allclose(before, after, atol=0.05), "the same sound at the same time"
    if codec == "opus":
        assert packets(tmp_path / name) == packets(source), "copied, not encoded again"


def loudness(film: Any) -> list[float]:
    """The root mean square of the sound in each tenth of a second."""
    samples = np.concatenate([frame.to_ndarray().astype(float)[0] for frame in film.decode(audio=0)])
    return [float(np.sqrt((samples[i : i + 4800] ** 2).mean())) for i in range(4800, 24000, 4800)]


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(audio=0) if packet.size]


def test_frames_in_memory_have_no_film(clip: Clip) -> None:
    assert Video.open(clip.frames).film is None
