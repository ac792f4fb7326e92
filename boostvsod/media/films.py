"""Writing films: H.264 in mp4, VP9 in webm (with alpha, if there is one), ProRes 4444 with alpha in mov.

Sound and the times of the frames can be taken from the film that the frames came from. Sound is copied where the new
container can hold it, else encoded again. PyAV's wheel brings the encoders.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av import Packet
from av.audio import AudioStream
from av.video import VideoStream
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from boostvsod.errors import OutputError
from boostvsod.errors.text import printable
from boostvsod.files import write_atomically
from boostvsod.media.film_reader import Times, open_film

log = logging.getLogger("boostvsod")
Picture = NDArray[Any]  # bytes H x W x 3 or, with alpha, H x W x 4; or 16 bits, for ProRes
BT709 = 1  # the number of this standard for primaries, transfer and matrix; video range is 1 too


@dataclass(frozen=True)
class Codec:
    """How the pictures of a film are encoded."""

    name: str
    pixels: str
    options: dict[str, str]


H264 = Codec("libx264", "yuv420p", {"crf": "18", "preset": "fast"})
VP9 = {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"}
PRORES = Codec("prores_ks", "yuva444p10le", {"profile": "4444", "alpha_bits": "16", "vendor": "apl0"})
SOUND = {".mp4": "aac", ".mov": "aac", ".webm": "libopus"}  # if sound cannot be copied
IN_MP4 = ("aac", "mp3", "ac3", "eac3", "alac")  # sound that players expect there
CARRIES = {".mp4": IN_MP4, ".mov": (*IN_MP4, "pcm_s16le", "pcm_s24le"), ".webm": ("opus", "vorbis")}
SUFFIXES = tuple(SOUND)
PAINTED = (".webm", ".mov")  # suffixes of films that can have alpha


def codec_for(suffix: str, alpha: bool) -> Codec:
    """The codec of a film with this suffix."""
    if suffix == ".webm":
        return Codec("libvpx-vp9", "yuva420p" if alpha else "yuv420p", VP9)
    if suffix == ".mov" and alpha:
        return PRORES
    if alpha:
        raise OutputError(f"a film with alpha must be .webm or .mov, not {suffix}")
    return H264


@contextmanager
def film_writer(
    path: Path, fps: Fraction, times: Times | None = None, sound: Path | None = None
) -> Iterator[Callable[[Picture], None]]:
    """Yield a function that appends one frame to a film; the film appears under its name when complete.

    The suffix chooses the format, see `codec_for`. Frames come at `times`, or at a constant rate of `fps`. `sound`
    is a film whose sound is added.
    """
    with write_atomically(path) as temporary:
        film = Film(temporary, fps, times, sound, path)
        try:
            yield film.write
            film.finish()
        except av.FFmpegError as error:
            raise OutputError(f"cannot write {printable(path)}: {error.strerror or error}") from error
        finally:
            film.release()
        film.check()


class Film:
    """A film while it is written. `shown` is its name in error messages."""

    def __init__(self, path: Path, fps: Fraction, times: Times | None, sound: Path | None, shown: Path) -> None:
        self.path, self.fps, self.shown = path, fps, shown
        self.times, self.source = times, sound
        self.frames = 0
        self._out: Any = None  # av.container.OutputContainer; its stub lacks a type for `mux`
        self._stream: VideoStream | None = None
        self._sound: Sound | None = None

    def write(self, picture: Picture) -> None:
        """Append one frame. Sides of odd length lose a row or column: many players need even ones."""
        even = np.ascontiguousarray(picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2])
        stream = self._stream = self._stream or self._open(even)
        frame = av.VideoFrame.from_ndarray(even, _layout(even))
        frame = frame.reformat(format=stream.codec_context.pix_fmt, dst_colorspace=Colorspace.ITU709)
        _mark(frame)
        frame.time_base, frame.pts, frame.duration = self._time()
        self._out.mux(stream.encode(frame))
        if self._sound:
            self._sound.write_until(frame.pts * frame.time_base)
        self.frames += 1

    def _time(self) -> tuple[Fraction, int, int]:
        """The unit in seconds, the start and the length of the next frame."""
        if self.times is None:
            return 1 / self.fps, self.frames, 1
        starts, i = self.times.starts, self.frames
        length = starts[i + 1] - starts[i] if i + 1 < len(starts) else round(1 / self.fps / self.times.base)
        return self.times.base, starts[i] - round(self.times.zero / self.times.base), length

    def _open(self, first: Picture) -> VideoStream:
        codec = codec_for(self.path.suffix, first.shape[2] == 4)
        options = {} if self.path.suffix == ".webm" else {"movflags": "+faststart"}
        self._out = av.open(str(self.path.absolute()), "w", options=options)
        stream: VideoStream = self._out.add_stream(codec.name, rate=self.fps, options=codec.options)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = codec.pixels
        stream.codec_context.time_base = self.times.base if self.times else 1 / self.fps
        _mark(stream.codec_context)
        if self.source is not None:
            self._sound = Sound(
                self.source, self._out, self.path.suffix, self.times.zero if self.times else Fraction(0)
            )
        return stream

    def finish(self) -> None:
        """Write what the encoder still holds, and the rest of the sound."""
        if self._stream is not None:
            self._out.mux(self._stream.encode(None))
        if self._sound:
            self._sound.write_until(None)

    def release(self) -> None:
        """End the file."""
        if self._sound:
            self._sound.close()
        if self._out is not None:
            self._out.close()

    def check(self) -> None:
        """Raise an error if the file is not complete: an encoder may report no error even on a full disk."""
        written = readable_frames(self.path)
        if written != self.frames:
            problem = f"only {written} of {self.frames} frames arrived on the disk"
            raise OutputError(f"cannot write {self.shown}: {problem}; is the disk full?")


class Sound:
    """The sound of a film, written to another one packet by packet, beside its pictures."""

    def __init__(self, source: Path, out: Any, suffix: str, zero: Fraction) -> None:
        self.source, self.out, self.zero = source, out, zero
        self._file = open_film(source)
        self._packets = self._copied(suffix) if self._file.streams.audio else iter(())
        self._next = next(self._packets, None)

    def _copied(self, suffix: str) -> Iterator[Packet[AudioStream]]:
        """The packets of the new film's sound: copies, or encoded again if players do not expect this codec there."""
        given = self._file.streams.audio[0]
        if given.codec_context.name in CARRIES[suffix]:
            stream = self.out.add_stream_from_template(given)
            return self._copies(given, stream)
        stream = self.out.add_stream(SOUND[suffix], rate=48000)
        return self._encoded(given, stream)

    def _copies(self, given: AudioStream, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
        for packet in self._file.demux(given):
            if packet.dts is not None and packet.pts is not None:  # the last one only says that this is the end
                shift = round(self.zero / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
                yield packet

    def _encoded(self, given: AudioStream, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
        for frame in self._file.decode(given):
            if frame.pts is not None and frame.time_base is not None:
                frame.pts -= round(self.zero / frame.time_base)
            yield from stream.encode(frame)
        yield from stream.encode(None)

    def write_until(self, seconds: Fraction | None) -> None:
        """Write the packets that begin before a time; None: all."""
        while self._next is not None and (seconds is None or self._starts(self._next) <= seconds):
            self.out.mux(self._next)
            try:
                self._next = next(self._packets, None)
            except av.FFmpegError as error:
                log.warning("%s: its sound ends early (%s)", printable(self.source), error.strerror)
                self._next = None

    def _starts(self, packet: Packet[AudioStream]) -> Fraction:
        return (packet.pts or 0) * (packet.time_base or Fraction(0))

    def close(self) -> None:
        """Close the film that the sound came from."""
        self._file.close()


def _layout(picture: Picture) -> str:
    """FFmpeg's name for the pixels of an array."""
    names = {(3, 1): "rgb24", (4, 1): "rgba", (3, 2): "rgb48le", (4, 2): "rgba64le"}
    return names[picture.shape[2], picture.itemsize]


def _mark(thing: Any) -> None:
    """Say in a frame or in a stream which colours its numbers mean: BT.709 in video range."""
    thing.color_primaries = thing.color_trc = thing.colorspace = thing.color_range = BT709


def readable_frames(path: Path) -> int:
    """How many frames a film holds. 0 if it cannot be opened, or if its last frame cannot be decoded."""
    try:
        with open_film(path) as film:
            video = film.streams.video[0]
            packets = [packet.pts for packet in film.demux(video) if packet.size and packet.pts is not None]
            film.seek(max(packets), stream=video)
            last = [frame.pts for frame in film.decode(video)]
    except (av.FFmpegError, IndexError, ValueError):
        return 0
    return len(packets) if last and last[-1] == max(packets) else 0
