"""The command line: one file a command. Only here do errors become messages and exit codes."""

from __future__ import annotations

from boostvsod.cli.main import main

__all__ = ["main"]
