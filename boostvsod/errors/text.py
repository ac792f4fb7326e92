"""Text for terminals: names of files may hold anything, so they are escaped before they are printed."""

from __future__ import annotations

import unicodedata

UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # control, format, surrogate, private, unassigned, separators


def printable(value: object, lines: bool = False) -> str:
    r"""A text or a path with every character that a terminal would obey, or that cannot be seen, as an escape.

    A terminal's escape becomes `\x1b`, a byte that is not UTF-8 `\xff`, a change of direction `\u202e`. With
    `lines`, line breaks stay.
    """
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if (lines and char == "\n") or not _unseen(char) else _escape(char) for char in text)


def _unseen(char: str) -> bool:
    return unicodedata.category(char) in UNSEEN


def _escape(char: str) -> str:
    """One character as an escape; a byte that was no UTF-8 (a surrogate) as that byte."""
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
