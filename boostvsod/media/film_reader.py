"""Reading films: FFmpeg decodes them, through PyAV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video import VideoFrame, VideoStream

from boostvsod.errors import InputError
from boostvsod.errors.text import printable
from boostvsod.kinds import Rgb
from boostvsod.media.containers import counts_exactly, cut_short, is_text

MISSING_SHARE = 0.02  # containers miscount by a frame or two; a greater loss means that frames are damaged
NEAR = 16  # a frame at most this far ahead is reached faster by decoding than by a seek
UNSPECIFIED, BT709, BT601 = 2, 1, 5  # FFmpeg's numbers of matrices from YUV to RGB
HD = 576  # above this height, players read a film that names no matrix as BT.709, else as BT.601
HDR = {16: "PQ", 18: "HLG"}  # FFmpeg's numbers of these curves


@dataclass(frozen=True)
class Times:
    """When the frames of a film are shown, in units of `base` seconds, and where its zero is."""

    base: Fraction
    starts: tuple[int, ...]  # strictly increasing
    zero: Fraction = Fraction(0)  # seconds; subtracted from every time


class VideoFile:
    """A reader of one film. Frames are turned as its rotation metadata says.

    `scan` keeps the start of every frame. A seek goes to the key frame before the wanted frame, and decoding
    continues until a frame has the wanted start. If that fails, or if starts are missing or repeat, the film is
    decoded again from its beginning.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shown = printable(path)  # for messages
        self.starts: list[int] = []
        self.notes: tuple[str, ...] = ()
        self._pass: Pass | None = None

    @property
    def fps(self) -> Fraction:
        """The frame rate that the film states, or else FFmpeg's guess; 24 if there is none."""
        video = self._opened().video
        return Fraction(video.guessed_rate or video.average_rate or 24).limit_denominator(1001)

    def times(self, starts: tuple[int, ...]) -> Times | None:
        """When frames are shown that have these starts. None if the starts do not tell all frames apart."""
        if not starts or not _increase(starts):
            return None
        current = self._opened()
        return Times(current.base, starts, Fraction(current.film.start_time or 0, av.time_base))

    def scan(self) -> Iterator[Rgb]:
        """Every frame in order."""
        current = self._again()
        starts: list[int] = []
        damaged, frame = 0, None
        for frame in current:
            damaged += frame.is_corrupt
            starts += [frame.pts] if frame.pts is not None else []
            yield self._rgb(frame)
        self._check_complete(current.promised, current.next)
        self.starts = starts if len(starts) == current.next else []
        if frame is not None:
            self.notes = (*_notes(frame), *self._notes(damaged, current.lost))

    def read(self, i: int) -> Rgb:
        """Frame i of a film that was scanned, or frame i of the following ones."""
        frame = self._near(i) or self._sought(i) or self._counted(i)
        if frame is None:
            raise InputError(f"{self.shown}: frame {i} could be decoded before, but not now; did the file change?")
        return self._rgb(frame)

    def _notes(self, damaged: int, lost: int) -> Iterator[str]:
        steps = np.diff(self.starts) * float(self._opened().base)
        if len(steps) > 2 and steps.max() > 1.5 * np.median(steps):
            some = f"steps of {steps.min():.4f} to {steps.max():.4f} s"
            yield f"variable frame rate: {some}; its nominal rate is {self.fps}"
        if damaged or lost:
            yield f"damaged: {lost} frames cannot be decoded, and in {damaged} FFmpeg guessed the damaged parts"

    def _near(self, i: int) -> VideoFrame | None:
        """Frame i, if it is one of the next ones."""
        current = self._opened()
        return current.frame(i) if 0 <= i - current.next < NEAR else None

    def _sought(self, i: int) -> VideoFrame | None:
        """Frame i after a seek; None if its start does not prove that it is the right one."""
        known = i < len(self.starts) and _increase(self.starts)
        return self._opened().seek(i, self.starts[i]) if known else None

    def _counted(self, i: int) -> VideoFrame | None:
        """Frame i, counted from the beginning of the film."""
        return self._again().frame(i)

    def _rgb(self, frame: VideoFrame) -> Rgb:
        try:
            upright = np.rot90(_to_rgb(frame), round(frame.rotation / 90))
        except (av.FFmpegError, ValueError) as error:
            raise InputError(f"{self.shown}: a frame cannot be converted to RGB ({error})") from error
        return np.ascontiguousarray(upright)

    def _opened(self) -> Pass:
        self._pass = self._pass or self._open()
        return self._pass

    def _again(self) -> Pass:
        """The film from its first frame on."""
        if self._pass is not None and self._pass.next:
            self._pass.film.close()
            self._pass = None
        return self._opened()

    def _open(self) -> Pass:
        try:
            size = self.path.stat().st_size
            text = size > 0 and is_text(self.path)
        except OSError as error:
            raise InputError(f"cannot read {self.shown}: {error.strerror}") from error
        if size == 0:
            raise InputError(f"{self.shown} is empty (0 bytes)")
        if text:
            raise InputError(f"{self.shown} cannot be opened as a video: it is a text file ({size} bytes)")
        try:
            film = open_film(self.path)
        except (av.FFmpegError, ValueError) as error:
            raise InputError(f"{self.shown} cannot be opened as a video ({size} bytes); is it damaged?") from error
        if not film.streams.video:
            raise InputError(
                f"{self.shown} has no pictures, only {', '.join(s.type for s in film.streams) or 'a header'}"
            )
        return Pass(film)

    def _check_complete(self, promised: int, decoded: int) -> None:
        """Refuse a film that lacks frames, as far as that can be known: many containers only estimate their count."""
        if not decoded or decoded >= promised:
            return
        problem = f"{self.shown}: the file promises {promised} frames, but only {decoded} can be decoded"
        if cut_short(self.path):
            raise InputError(f"{problem}; it is truncated")
        if promised - decoded > max(2, MISSING_SHARE * promised) and counts_exactly(self.path):
            raise InputError(f"{problem}; it is damaged")


class Pass:
    """The frames of a film in the order in which they are shown, from its beginning or from a seek on."""

    def __init__(self, film: InputContainer) -> None:
        self.film = film
        self.video: VideoStream = film.streams.video[0]
        self.video.thread_type = "AUTO"
        self.next = 0  # number of the frame that comes next
        self.lost = 0  # packets that could not be decoded
        self._frames = self._decoded()

    @property
    def base(self) -> Fraction:
        """The length of a tick in seconds."""
        return self.video.time_base or Fraction(1, av.time_base)

    @property
    def promised(self) -> int:
        """How many frames the film says it has, or has by its length; 0 if it says neither."""
        rate = self.video.guessed_rate or Fraction(0)
        seconds = Fraction(self.film.duration or 0, av.time_base)
        return self.video.frames or int(seconds * rate)

    def __iter__(self) -> Iterator[VideoFrame]:
        for frame in self._frames:
            self.next += 1
            yield frame

    def frame(self, i: int) -> VideoFrame | None:
        """Frame i, which must not be before the next one. None if the film ends before it."""
        return next((frame for frame in self if self.next > i), None)

    def seek(self, i: int, start: int) -> VideoFrame | None:
        """Frame i, which begins at `start`. None if the seek ended behind it or the frame is damaged."""
        self._frames, self.next = self._decoded(), i + 1  # also if the seek fails: the place is then unknown
        try:
            self.film.seek(start, stream=self.video)
        except av.FFmpegError:
            return None
        frame = next((f for f in self._frames if f.pts is not None and f.pts >= start), None)
        return frame if frame is not None and frame.pts == start and not frame.is_corrupt else None

    def _decoded(self) -> Iterator[VideoFrame]:
        """Packets that cannot be decoded are left out; a container that breaks off ends the film."""
        try:
            for packet in self.film.demux(self.video):
                yield from self._frames_in(packet)
        except av.FFmpegError:
            return

    def _frames_in(self, packet: av.Packet[VideoStream]) -> list[VideoFrame]:
        try:
            return packet.decode()
        except av.FFmpegError:
            self.lost += 1
            return []


def open_film(path: Path) -> InputContainer:
    """A film to be read. It may not make FFmpeg open anything but files."""
    return av.open(str(path.absolute()), options={"protocol_whitelist": "file"})


def _to_rgb(frame: VideoFrame) -> Rgb:
    """A frame as RGB bytes. The film names the matrix and the range of its colours; if not, the size decides."""
    unknown = frame.colorspace == UNSPECIFIED
    matrix = (BT709 if frame.height > HD else BT601) if unknown else frame.colorspace
    return np.asarray(frame.to_ndarray(format="rgb24", src_colorspace=matrix, threads=1), np.uint8)


def _increase(starts: Sequence[int]) -> bool:
    """Whether every start is later than the one before, so that it stands for one frame."""
    return all(a < b for a, b in pairwise(starts))


def _notes(frame: VideoFrame) -> Iterator[str]:
    """What is unusual about the frames of a film, as one of them says."""
    if frame.rotation:
        yield f"rotated by {frame.rotation} degrees, according to its metadata"
    if frame.color_trc in HDR:
        name = HDR[frame.color_trc]
        yield f"its brightness is coded for HDR ({name}) and read as if it were not, so its colours look pale"
