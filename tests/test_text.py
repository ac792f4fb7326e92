"""Nothing that a terminal obeys leaves `printable`."""

from __future__ import annotations

import os

import pytest

from boostvsod.errors.text import printable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain", "plain"),
        ("b\u00e4r \u718a \U0001f43b".encode(), "b\u00e4r \u718a \U0001f43b"),
        (b"\x1b[31m", "\\x1b[31m"),
        (b"a\nb", "a\\nb"),
        (b"a\xff", "a\\xff"),
        ("\u202e".encode(), "\\u202e"),
        ("\u009b".encode(), "\\x9b"),
    ],
)
def test_control_characters_become_escapes(raw: bytes, shown: str) -> None:
    assert printable(os.fsdecode(raw)) == shown


def test_line_breaks_of_a_message_may_stay() -> None:
    assert printable("a\n\x07", lines=True) == "a\n\\x07"
