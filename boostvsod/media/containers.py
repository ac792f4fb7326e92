"""The outer structure of video files: whether a file is cut short, and whether it counts its frames exactly.

Only the headers of the outermost boxes, chunks and elements are read. Three families are known: ISO media (mp4,
mov), RIFF (avi) and EBML (mkv, webm). Each of them states how long its parts are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

HEAD = 1024  # bytes that show whether a file is text
BOXES = 10_000  # boxes in a row that are read, at most
EDIT_SLACK = 0.02  # an edit list shows a track whole if it lacks no more than this share
TOP = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")  # first boxes of ISO media
SEGMENT = b"\x18\x53\x80\x67"
RAW_VIDEO = b"YUV4MPEG2"  # a video format that begins with a line of text


def is_text(path: Path) -> bool:
    """Whether a file is plain text. FFmpeg takes some texts for lists of other files, which it would then open."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    return not head.startswith(RAW_VIDEO) and all(byte >= 32 or byte in b"\t\n\r\f" for byte in head)


def cut_short(path: Path) -> bool:
    """Whether the file ends before its last part does. False also if its structure does not show that."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"\x1a\x45\xdf\xa3":
            return _segment_end(file) > size
        if head[:4] == b"RIFF":
            return any(at + length > size + 1 for _, at, length in _chunks(file, size))  # the last pad byte may lack
        if head[4:8] in TOP:
            return any(at + length > size for _, at, length in _boxes(file, 0, size))
    return False


def counts_exactly(path: Path) -> bool:
    """Whether the frame count of the file's header is the number of frames that a decoder returns.

    This holds for ISO media that are neither fragmented nor hide frames by an edit list. Elsewhere the count is
    an estimate: in mkv and webm it is duration times frame rate, which is wrong for a variable frame rate.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(12)[4:8] not in TOP:
            return False
        movie = _inside(file, b"moov", 0, size)
        if movie is None or _inside(file, b"mvex", *movie) is not None:
            return False
        ticks, _ = _times(file, b"mvhd", movie)
        tracks = [(at + 8, at + length) for name, at, length in _boxes(file, *movie) if name == b"trak"]
        return not any(_hides_frames(file, track, ticks) for track in tracks)


def _hides_frames(file: BinaryIO, track: tuple[int, int], ticks: int) -> bool:
    """Whether the edit list of a track shows less than the track holds. `ticks` per second are its unit."""
    media, edits = _inside(file, b"mdia", *track), _inside(file, b"edts", *track)
    edit = _inside(file, b"elst", *edits) if edits else None
    if media is None or edit is None:
        return False
    own_ticks, length = _times(file, b"mdhd", media)
    shown = sum(seconds for seconds, start in _edits(file, edit[0]) if start >= 0)
    return shown / max(ticks, 1) < (1 - EDIT_SLACK) * length / max(own_ticks, 1)


def _edits(file: BinaryIO, at: int) -> Iterator[tuple[int, int]]:
    """Length and start of each entry of an edit list; a start of -1 is an empty entry."""
    file.seek(at)
    version, count = struct.unpack(">B3xI", file.read(8).ljust(8, b"\0"))
    form = ">qq4x" if version == 1 else ">Ii4x"
    for _ in range(min(count, BOXES)):
        entry = file.read(struct.calcsize(form))
        if len(entry) == struct.calcsize(form):
            yield struct.unpack(form, entry)


def _times(file: BinaryIO, name: bytes, parent: tuple[int, int]) -> tuple[int, int]:
    """Ticks per second and length in ticks, of the header box `name`; zeros if there is none."""
    box = _inside(file, name, *parent)
    if box is None:
        return 0, 0
    file.seek(box[0])
    data = file.read(32).ljust(32, b"\0")
    ticks, length = struct.unpack_from(">IQ", data, 20) if data[0] == 1 else struct.unpack_from(">II", data, 12)
    return ticks, length


def _inside(file: BinaryIO, name: bytes, start: int, stop: int) -> tuple[int, int] | None:
    """Where the content of the first box `name` between two places begins and ends."""
    return next(((at + 8, at + length) for kind, at, length in _boxes(file, start, stop) if kind == name), None)


def _boxes(file: BinaryIO, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and length of each box between two places, up to and with the first one that goes beyond."""
    at = start
    for _ in range(BOXES):
        if at + 8 > stop:
            return
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        length, name = struct.unpack(">I4s", head[:8])
        if length == 1 and len(head) == 16:
            length = struct.unpack(">Q", head[8:])[0]
        elif length == 0:  # up to the end of the file
            length = stop - at
        if length < 8:
            return
        yield name, at, length
        at += length


def _chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and length of each RIFF chunk; a long avi has several."""
    at = 0
    while at + 12 <= size:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if name != b"RIFF" or not length:
            return
        yield name, at, length + 8
        at += length + 8 + length % 2


def _segment_end(file: BinaryIO) -> int:
    """Where the segment of an EBML file ends; 0 if that is unknown, as in recorded streams."""
    file.seek(4)
    length = _number(file)
    if length is None:
        return 0
    file.seek(length, 1)
    if file.read(4) != SEGMENT:
        return 0
    length = _number(file)
    return 0 if length is None else file.tell() + length


def _number(file: BinaryIO) -> int | None:
    """An EBML number of variable length; None if it is marked as unknown or cannot be read."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    extra = 8 - first[0].bit_length()
    value = first[0] & ((1 << (7 - extra)) - 1)
    rest = file.read(extra)
    if len(rest) < extra or (value == (1 << (7 - extra)) - 1 and rest == b"\xff" * extra):
        return None
    return value << (8 * extra) | int.from_bytes(rest, "big")
