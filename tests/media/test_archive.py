"""Archives are read within bounds, and odd ones are refused in one line."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from badinput.bad_files import archive, bomb, encrypted, frames_and_masks, picture, with_method

from boostvsod.errors import InputError
from boostvsod.media import archive as module
from boostvsod.media.archive import File, Tree

DATA = frames_and_masks()


def tree(folder: Path, data: bytes) -> Tree:
    path = folder / "a.zip"
    path.write_bytes(data)
    return Tree.open(path)


@pytest.mark.parametrize("name", ["/x.png", "../x.png", "a/../../x.png", "C:/x.png", "..\\x.png"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="leads out of the archive"):
        tree(tmp_path, archive({name: picture()})).walk()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"two members are called 'x\.png'"):
        tree(tmp_path, archive([("x.png", b"a"), ("x.png", b"b")])).walk()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (encrypted(archive(DATA)), "it is encrypted"),
        (with_method(archive(DATA), 99), "compression"),
        (bomb(), "at most"),
    ],
)
def test_members_that_cannot_be_read_are_named(tmp_path: Path, data: bytes, reason: str) -> None:
    for name, file in tree(tmp_path, data).walk().items():
        with pytest.raises(InputError, match=f"{name}.*{reason}|{reason}"):
            file.read()


def test_a_bomb_is_known_by_its_ratio(tmp_path: Path) -> None:
    file = tree(tmp_path, archive({"x.png": bytes(100_000_000)})).file("x.png")
    with pytest.raises(InputError, match="zip bomb"):
        file.read()


def test_large_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    (tmp_path / "x.png").write_bytes(bytes(11))
    with pytest.raises(InputError, match="has 11 bytes"):
        File(tmp_path / "x.png").read()


def test_a_replaced_archive_is_read_again(tmp_path: Path) -> None:
    assert tree(tmp_path, archive({"x.png": b"one"}, zipfile.ZIP_STORED)).file("x.png").read() == b"one"
    (tmp_path / "a.zip").unlink()
    assert tree(tmp_path, archive({"x.png": b"other"}, zipfile.ZIP_STORED)).file("x.png").read() == b"other"
