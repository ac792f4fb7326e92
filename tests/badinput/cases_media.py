"""Pictures, films, masks, maps, archives and flow files that are damaged, hostile or odd."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping

import numpy as np
from badinput.bad_files import (
    CLIP,
    CONTAINERS,
    FORMATS,
    FRAMES,
    HEIGHT,
    WIDTH,
    archive,
    bmp_of,
    bomb,
    damages,
    encoded,
    encrypted,
    film,
    frames_and_masks,
    mask,
    npy,
    picture,
    png_of,
    turned_jpeg,
    with_method,
)
from badinput.harness import Case

Files = dict[str, bytes]
PREDICT = ("predict", "{in}/walk", "--target", "classic", "-o", "{out}")
RUN = ("run", "--target", "classic", "--recipe", "none", "-o", "{out}", "--video")
DATA = frames_and_masks()
CHECKED = ("png",)  # formats with checksums: every damage is noticed
HARMLESS = ("twice", "zeros inside")  # damages that may leave the part that counts whole


def cases() -> Iterator[Case]:
    """All cases of this file."""
    yield from _pictures()
    yield from _films()
    yield from _truths_and_maps()
    yield from _values()
    yield from _archives()
    yield from _flows()
    yield from _training()


def walk(**changed: bytes) -> Files:
    """Frames of a small clip, some of them replaced: `_1` is the second."""
    files = {f"walk/{i:05d}.png": picture(i=i) for i in range(FRAMES)}
    return files | {f"walk/{int(key[1:]):05d}.png": data for key, data in changed.items()}


def _pictures() -> Iterator[Case]:
    for suffix in FORMATS:
        for damage, data in damages(picture(suffix), 1).items():
            files = walk() | {f"walk/00003.{suffix}": data}
            exits = (3,) if suffix in CHECKED and damage not in HARMLESS else (0, 3)
            yield Case(f"picture {suffix}, {damage}", PREDICT, files, exits)
    for name, data in {
        "2^30 pixels": png_of(40000, 40000),
        "a side of 2^31": png_of(2**31 - 1, 1),
        "no width": png_of(0, 10),
        "30000 x 30000": png_of(30000, 30000),
        "a huge bmp": bmp_of(60000, 60000),
        "a negative bmp": bmp_of(-5, -5),
        "floats with NaN": _tiff(np.full((HEIGHT, WIDTH), np.nan)),
        "logits": _tiff(np.linspace(-9, 9, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)),
        "another size": encoded(np.zeros((10, 12, 3), np.uint8)),
        "too small": encoded(np.zeros((2, 3, 3), np.uint8)),
        "one pixel": encoded(np.zeros((1, 1, 3), np.uint8)),
    }.items():
        yield Case(f"run, picture: {name}", (*RUN, "{in}/walk"), walk(_1=data))
    for name, shape in {"8 x 2000": (8, 2000, 3), "2000 x 8": (2000, 8, 3)}.items():
        image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
        thin = {f"walk/{i}.png": encoded(np.roll(image, i, 1)) for i in range(FRAMES)}
        yield Case(f"frames of {name}", (*RUN, "{in}/walk"), thin, (0,))
        yield Case(f"flow of {name}", ("flow", "{in}/walk", "-o", "{out}"), thin, (0,))
    turned = {f"walk/{i}.jpg": turned_jpeg() for i in range(FRAMES)}
    yield Case("a camera's pictures", (*RUN, "{in}/walk"), turned, (0,))
    yield Case(
        "turned among upright", (*RUN, "{in}/walk"), walk() | {"walk/00009.jpg": turned_jpeg()}, says="same size"
    )
    yield Case("two pictures of one name", PREDICT, walk() | {"walk/00001.jpg": picture("jpg")}, says="two pictures")
    yield Case("a folder called like a picture", PREDICT, walk() | {"walk/00009.png/x.txt": b""}, (0,))


def _films() -> Iterator[Case]:
    for suffix in CONTAINERS:
        for damage, data in damages(film(suffix), 2).items():
            yield Case(f"film {suffix}, {damage}", (*RUN, f"{{in}}/a.{suffix}"), {f"a.{suffix}": data}, (0, 3))
    lists = {
        "a playlist": b"#EXTM3U\n#EXTINF:2,\n/etc/passwd\n",
        "a list of files": b"ffconcat version 1.0\nfile b.mp4\n",
        "a description": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        "a manifest": b'<?xml version="1.0"?><MPD><BaseURL>http://localhost/</BaseURL></MPD>',
    }
    for name, data in lists.items():
        files = {"a.mp4": data, "b.mp4": film()}
        yield Case(f"film: {name}", (*RUN, "{in}/a.mp4"), files, says="it is a text file")
        yield Case(f"flow: {name}", ("flow", "{in}/a.mp4", "-o", "{out}"), files, says="it is a text file")
    wrong = {"picture as film": picture(), "archive as film": archive(DATA), "weights as film": b"\x80\x04K\x01."}
    for name, data in wrong.items():
        yield Case(name, (*RUN, "{in}/a.mp4"), {"a.mp4": data}, (0, 3))
    yield Case("a film called like a picture", PREDICT, {"walk/a.png": film()})
    yield Case("a film called like an archive", (*RUN, "{in}/a.zip"), {"a.zip": film()}, says="zip archive")


def _truths_and_maps() -> Iterator[Case]:
    good = DATA | {f"maps/walk/{i:05d}.png": mask(i) for i in range(FRAMES)}
    evaluate = ("eval", "{in}/maps", "{in}/walk")
    for damage, data in damages(mask(1), 3).items():
        exits = (0, 3) if damage in HARMLESS else (3,)
        yield Case(f"eval, truth: {damage}", evaluate, good | {"walk/masks/00001.png": data}, exits)
        yield Case(f"eval, map: {damage}", evaluate, good | {"maps/walk/00001.png": data}, exits)
        arguments = (*RUN[:1], "--target", "maps:{in}/maps", *RUN[3:], "{in}/walk/frames")
        yield Case(f"run, map: {damage}", arguments, good | {"maps/walk/00001.png": data}, exits)
    yield Case("eval, no map", evaluate, DATA)
    yield Case("eval, one map lacks", evaluate, {k: v for k, v in good.items() if k != "maps/walk/00001.png"})
    yield Case("eval, no truth", evaluate, {k: v for k, v in good.items() if "masks" not in k})
    yield Case("eval, unknown protocol", (*evaluate, "--protocol", "best"), good, (2,))
    yield Case("eval, unknown layout", (*evaluate, "--layout", "best"), good, (2,))
    yield Case("eval, two maps of one name", evaluate, good | {"maps/walk/00001.jpg": picture("jpg")}, says="two maps")
    lying = good | {"maps/walk/00001.png": encoded(CLIP.truth[1].astype(np.uint8).T.copy() * 255)}
    yield Case("eval, a map on its side", evaluate, lying, says="on its side")
    objects = good | {"walk/masks/00001_gt.png": encoded(np.ones((9, 9), np.uint8) * 255)}
    yield Case("eval, masks of two sizes", evaluate, objects, says="different sizes")
    yield Case("bench, damaged truth", _bench(), good | {"walk/masks/00001.png": b"x"}, (3, 4))
    yield Case("bench, damaged frame", _bench(), good | {"walk/frames/00001.png": b"x"}, (3, 4))
    yield Case("bench, no truth", _bench(), walk(), (3,))


def _bench() -> tuple[str, ...]:
    return "bench", "--dataset", "{in}", "--target", "classic", "--recipe", "none", "--control", "none", "-o", "{out}"


def _values() -> Iterator[Case]:
    """Maps and masks in other ranges."""
    truth = [t.astype(np.float64) for t in CLIP.truth]
    good = {f"walk/frames/{i:05d}.png": picture(i=i) for i in range(FRAMES)}
    perfect = {f"maps/walk/{i:05d}.png": mask(i) for i in range(FRAMES)}
    evaluate = ("eval", "{in}/maps", "{in}/walk", "--format", "csv")
    right = r"maps,0\.0,1\.0,"  # the truth itself: MAE 0, maxF 1
    scales = {"0 and 1": 1.0, "0 to 255": 255.0}
    for name, top in scales.items():
        for kind in (np.float32, np.float64, np.int32, np.int16):
            floats = {f"walk/masks/{i:05d}.tif": _tiff((t * top).astype(kind)) for i, t in enumerate(truth)}
            label = f"{name} as {kind.__name__}"
            yield Case(f"eval, truth of {label}", evaluate, good | perfect | floats, (0,), right)
            maps = {f"maps/walk/{i:05d}.tif": _tiff((t * top).astype(kind)) for i, t in enumerate(truth)}
            yield Case(f"eval, maps of {label}", evaluate, DATA | maps, (0,), right)
    labels = {f"walk/masks/{i:05d}.png": encoded(t.astype(np.uint8)) for i, t in enumerate(truth)}
    yield Case("eval, truth of 0 and 1", evaluate, good | perfect | labels, (0,), right)
    dark = {f"maps/walk/{i:05d}.png": encoded(t.astype(np.uint8)) for i, t in enumerate(truth)}
    yield Case("eval, maps of 0 and 1", evaluate, DATA | dark, (0,), "save them as 0 and 255")
    arguments = ("predict", "{in}/walk/frames", "--target", "maps:{in}/maps/walk", "-o", "{out}")
    yield Case("predict, maps of 0 and 1", arguments, DATA | dark, (0,))
    nan = truth[1].copy()
    nan[0, 0] = np.nan
    spoilt = {"NaN": nan, "infinity": np.full_like(nan, np.inf), "logits": truth[1] * 9 - 4}
    for name, values in spoilt.items():
        maps = perfect | {"maps/walk/00001.tif": _tiff(values)}
        del maps["maps/walk/00001.png"]
        yield Case(f"eval, a map with {name}", evaluate, DATA | maps, says=r"00001\.tif")
        masks = {key: data for key, data in DATA.items() if key != "walk/masks/00001.png"}
        yield Case(
            f"eval, a truth with {name}",
            evaluate,
            masks | perfect | {"walk/masks/00001.tif": _tiff(values)},
            says=r"00001\.tif",
        )


def _tiff(values: np.ndarray) -> bytes:
    return encoded(values if values.dtype != np.float64 else values.astype(np.float64), "tiff")


def _archives() -> Iterator[Case]:
    zipped = archive(DATA)
    odd: Mapping[str, bytes] = {
        "absolute names": archive({f"/{name}": data for name, data in DATA.items()}),
        "drive letters": archive({f"C:/{name}": data for name, data in DATA.items()}),
        "names that lead out": archive({f"../{name}": data for name, data in DATA.items()}),
        "names that lead out, backslash": archive({f"..\\{name}": data for name, data in DATA.items()}),
        "names twice": _twice(),
        "encrypted": encrypted(zipped),
        "unknown compression": with_method(zipped, 99),
        "wrong compression": with_method(archive(DATA, zipfile.ZIP_STORED), 12),
        "no member": archive({}),
        "only folders": archive({"walk/": b"", "walk/frames/": b"", "walk/masks/": b""}),
        "an archive in it": archive({"inner.zip": zipped}),
        "damaged members": archive(DATA, zipfile.ZIP_STORED).replace(b"IDAT", b"IDOT"),
    }
    for name, data in odd.items():
        files = {"a.zip": data} | {f"maps/walk/{i:05d}.png": mask(i) for i in range(FRAMES)}
        yield Case(f"eval, zip: {name}", ("eval", "{in}/maps", "{in}/a.zip"), files, (3,))
        yield Case(f"predict, zip: {name}", (*RUN, "{in}/a.zip/walk/frames"), files, (3,))
        listed = (3,) if "names" in name or "letters" in name or name in ("no member", "only folders") else (0, 3)
        yield Case(f"datasets, zip: {name}", ("datasets", "{in}/a.zip"), files, listed)
        pairs = (
            "train",
            "saliency",
            "--data",
            "{in}/a.zip",
            "--epochs",
            "1",
            "--size",
            "32",
            "-o",
            "{out}/w.safetensors",
        )
        yield Case(f"train, zip: {name}", pairs, files, (3,))
    for damage, data in damages(zipped, 4).items():
        exits = (0, 3) if damage in ("flipped bytes", "zeros inside", "twice", "last byte gone") else (3,)
        yield Case(f"datasets, zip: {damage}", ("datasets", "{in}/a.zip"), {"a.zip": data}, exits)
    yield Case("a zip bomb of 2 GB", (*RUN, "{in}/a.zip"), {"a.zip": bomb()}, says="may have at most|zip bomb")
    small = archive({"00000.png": b"\0" * 100_000_000})
    yield Case("a zip bomb of 100 MB", (*RUN, "{in}/a.zip"), {"a.zip": small}, says="zip bomb")
    lying = _lying(archive({"00000.png": b"\0" * 10_000_000}))
    yield Case("a zip that lies about sizes", (*RUN, "{in}/a.zip"), {"a.zip": lying})


def _twice() -> bytes:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return archive([*DATA.items(), *DATA.items()])


def _lying(data: bytes) -> bytes:
    """The archive with a size of ten bytes in the table of contents."""
    at = data.find(b"PK\x01\x02")
    return data[: at + 24] + struct.pack("<I", 10) + data[at + 28 :]


def _flows() -> Iterator[Case]:
    field = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    buffer = io.BytesIO()
    np.save(buffer, field)
    flo = struct.pack("<fii", 202021.25, WIDTH, HEIGHT) + field.tobytes()
    kitti = encoded(np.full((HEIGHT, WIDTH, 3), 2**15, np.uint16))
    good = {"npy": buffer.getvalue(), "flo": flo, "png": kitti}
    call = ("flow", "{in}/walk", "--flow", "file", "--set", "file.folder={in}/flow", "-o", "{out}")
    for kind, data in good.items():
        files = walk() | {f"flow/{i:05d}.{kind}": data for i in range(FRAMES)}
        yield Case(f"flow {kind}, good", call, files, (0,))
        for damage, damaged in damages(data, 5).items():
            yield Case(f"flow {kind}, {damage}", call, files | {f"flow/00001.{kind}": damaged}, (0, 3, 4))
    where = "'fortran_order': False, 'shape'"
    hostile = {
        "npy of objects": npy(f"{{'descr': '|O', {where}: (1,)}}", b"\x80\x04K\x01."),
        "npy of 2^60 numbers": npy(f"{{'descr': '<f4', {where}: (1073741824, 1073741824, 2)}}"),
        "npy with code": npy("__import__('os').system('touch OBEYED')"),
        "npy nested": npy("(" * 900 + ")" * 900),
        "npy of text": npy(f"{{'descr': '<U9', {where}: (2, 2, 2)}}", b"\0" * 288),
        "npy of complex numbers": npy(f"{{'descr': '<c8', {where}: (2, 2, 2)}}", b"\0" * 64),
        "npy of another shape": npy(f"{{'descr': '<f4', {where}: (4,)}}", b"\0" * 16),
        "npy negative": npy(f"{{'descr': '<f4', {where}: (-2, -2, 2)}}", b"\0" * 32),
        "npy of no size": npy(f"{{'descr': '<f4', {where}: (0, 0, 2)}}"),
        "npy with NaN": npy(f"{{'descr': '<f4', {where}: (2, 2, 2)}}", struct.pack("<8f", *[float("nan")] * 8)),
        "npz": archive({"a.npy": buffer.getvalue()}),
        "flo of 2^31": struct.pack("<fii", 202021.25, 2**31 - 1, 2**31 - 1),
        "flo negative": struct.pack("<fii", 202021.25, -1, -1) + b"\0" * 8,
        "flo of no size": struct.pack("<fii", 202021.25, 0, 0),
        "png of 8 bits": picture(),
        "png of 2^30 pixels": png_of(40000, 40000),
    }
    for name, data in hostile.items():
        suffix = name[:3] if name[:3] != "npz" else "npy"
        files = walk() | {f"flow/{i:05d}.{suffix}": data for i in range(FRAMES)}
        yield Case(f"flow, {name}", call, files, (3, 4), never="OBEYED")
    yield Case("flow, no file", call, walk() | {"flow/x": b""}, (3,))
    yield Case("flow, no folder", call, walk(), (3,))


def _training() -> Iterator[Case]:
    train = ("train", "saliency", "--data", "{in}", "--epochs", "1", "--size", "32", "-o", "{out}/w.safetensors")
    for damage in ("empty", "half", "noise", "text"):
        yield Case(f"train, mask: {damage}", train, DATA | {"walk/masks/00001.png": damages(mask(1), 6)[damage]})
        yield Case(f"train, picture: {damage}", train, DATA | {"walk/frames/00001.png": damages(mask(1), 6)[damage]})
    yield Case("train, no pairs", train, walk())
    yield Case("train, no data", train, {})
    for kind in ("motion", "rcrnet", "mqpm", "fgplg", "patch"):
        arguments = ("train", kind, *train[2:])
        damaged = {name: b"x" for name in DATA if "/frames/" in name}  # one step may see any of them
        yield Case(f"train {kind}, damaged", arguments, DATA | damaged, (2, 3, 5))
        yield Case(f"train {kind}, nothing there", arguments, {"a.txt": zlib.compress(b"x")}, (2, 3, 5))
