"""Films as cameras and editors write them: codecs, containers, colours, times, random access."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from made import write_film

from boostvsod.media.film_reader import BT601, BT709, VideoFile
from boostvsod.media.synthetic import Clip, make_clip
from boostvsod.media.video import Video

BT2020 = 9
LIMITED, FULL = 1, 2  # FFmpeg's numbers of ranges
RED, GREEN, BLUE, GREY = (200, 30, 40), (40, 180, 60), (20, 50, 210), (128, 128, 128)
FILMS = {  # file -> encoder, pixels, options
    "b-frames.mp4": ("libx264", "yuv420p", {"g": "12", "bf": "3"}),
    "open-gop.mkv": ("libx264", "yuv420p", {"x264-params": "open-gop=1:keyint=8:bframes=3"}),
    "stream.h264": ("libx264", "yuv420p", {"g": "12", "bf": "3"}),
    "hevc.mp4": ("libx265", "yuv420p", {"x265-params": "open-gop=1:keyint=8:bframes=3:log-level=none"}),
    "ten-bits.mp4": ("libx265", "yuv420p10le", {"x265-params": "log-level=none"}),
    "hi422.mov": ("libx264", "yuv422p10le", {}),
    "prores.mov": ("prores_ks", "yuv422p10le", {}),
    "broadcast.ts": ("mpeg2video", "yuv420p", {"g": "12", "bf": "2"}),
    "old.avi": ("mpeg4", "yuv420p", {"g": "12", "bf": "2"}),
    "dvd.mpg": ("mpeg2video", "yuv420p", {"g": "12", "bf": "2"}),
    "web.webm": ("libvpx-vp9", "yuv420p", {"g": "12", "deadline": "realtime", "cpu-used": "8"}),
    "animated.gif": ("gif", "rgb8", {}),
}


def encode(path: Path, frames: np.ndarray, codec: str, pixels: str, options: dict[str, str], **marks: int) -> Path:
    """A film of 25 frames a second. `marks` are the attributes of its colours, by PyAV's names."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=25, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixels
        for key, value in marks.items():
            setattr(stream.codec_context, key, value)
        for i, rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
            frame = frame.reformat(
                format=pixels,
                dst_colorspace=marks.get("colorspace", BT601),
                dst_color_range=marks.get("color_range", LIMITED),
            )
            frame.pts, frame.time_base = i, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", FILMS)
def test_every_frame_is_found_again(tmp_path: Path, name: str) -> None:
    path = encode(tmp_path / name, make_clip(60, 48, 64).frames, *FILMS[name])
    video = Video.open(path)
    scanned = [rgb.copy() for rgb in video._reader.scan()]
    assert len(scanned) == len(video) == 60
    fresh = VideoFile(path)
    fresh.starts = list(video.index.starts)
    for i in (40, 3, 59, 0, 30, 31, 7, 58, 57, 1, 22, 45):
        assert np.array_equal(fresh.read(i), scanned[i]), f"frame {i}"


@pytest.mark.parametrize("name", sorted(set(FILMS) - {"animated.gif"}))
def test_a_film_shows_its_pictures(tmp_path: Path, name: str) -> None:
    frames = make_clip(12, 48, 64).frames
    video = Video.open(encode(tmp_path / name, frames, *FILMS[name]))
    assert video.fps == 25
    for frame, rgb in zip(video, frames, strict=True):
        assert np.abs(frame.rgb.astype(int) - rgb).mean() < 16


def of_one_colour(colour: tuple[int, int, int], height: int = 64) -> np.ndarray:
    return np.full((3, height, 96, 3), colour, np.uint8)


@pytest.mark.parametrize("colour", [RED, GREEN, BLUE, GREY])
@pytest.mark.parametrize("limits", [LIMITED, FULL])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le"])
@pytest.mark.parametrize("matrix", [BT601, BT709, BT2020])
def test_colours_are_read_as_the_film_says(
    tmp_path: Path, colour: tuple[int, int, int], limits: int, pixels: str, matrix: int
) -> None:
    options = {"x265-params": "log-level=none:qp=4"}
    path = tmp_path / "a.mp4"
    encode(path, of_one_colour(colour), "libx265", pixels, options, colorspace=matrix, color_range=limits)
    seen = Video.open(path)[1].rgb[32, 48]
    assert np.abs(seen.astype(int) - colour).max() <= 4, f"{seen} of {colour}"


@pytest.mark.parametrize(("height", "matrix"), [(480, BT601), (720, BT709)])
def test_the_size_decides_where_the_film_names_no_matrix(tmp_path: Path, height: int, matrix: int) -> None:
    frames, path = of_one_colour(GREEN, height), tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = height, 96, "yuv420p"
        for rgb in frames:
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p", dst_colorspace=matrix)
            frame.colorspace = 2
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert np.abs(Video.open(path)[1].rgb[32, 48].astype(int) - GREEN).max() <= 4


def test_hdr_is_noted(tmp_path: Path) -> None:
    options = {"x265-params": "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"}
    path = encode(tmp_path / "a.mp4", of_one_colour(RED), "libx265", "yuv420p10le", options, colorspace=BT2020)
    assert any("HDR (PQ)" in note for note in Video.open(path).index.notes)


@pytest.mark.parametrize("slices", [1, 4])
def test_damaged_frames_are_noted(tmp_path: Path, slices: int) -> None:
    options = {"g": "30", "x264-params": f"slices={slices}"}
    path = encode(tmp_path / "a.mkv", make_clip(60, 96, 128).frames, "libx264", "yuv420p", options)
    assert not Video.open(path).index.notes
    with av.open(str(path)) as film:
        packets = [bytes(packet) for packet in film.demux(video=0) if packet.size]
    data = path.read_bytes()
    at = data.index(packets[30]) + len(packets[30]) // 2
    path.write_bytes(data[:at] + bytes(b ^ 0x5A for b in data[at : at + 40]) + data[at + 40 :])
    assert any("damaged" in note for note in Video.open(path).index.notes)


def test_times_come_from_the_film(tmp_path: Path, clip: Clip) -> None:
    video = Video.open(write_film(tmp_path / "a.mp4", clip.frames, 12.5))
    times = video.times
    assert times is not None
    seconds = [float(start * times.base - times.zero) for start in times.starts]
    assert np.allclose(seconds, np.arange(len(clip.frames)) / 12.5)
    assert Video.open(clip.frames).times is None


def test_a_film_without_pictures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("aac", rate=48000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.rate = 48000
        out.mux(stream.encode(sound))
        out.mux(stream.encode(None))
    with pytest.raises(Exception, match="no pictures, only audio"):
        len(Video.open(path))
