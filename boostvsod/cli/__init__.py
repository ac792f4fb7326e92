"""The command line: one file for each command. Errors become messages and exit codes only here."""

from __future__ import annotations

from boostvsod.cli.main import main

__all__ = ["main"]
