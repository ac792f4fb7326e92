"""Renew the printed tables of the documents: python docs/renew_tables.py, from the root of the repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PRINTED = re.compile(r"(<!-- printed by: boostvsod (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
CODE = "import sys; from boostvsod.cli import main; sys.argv[0] = 'boostvsod'; main()"


def output_of(command: str) -> str:
    """The output of a boostvsod command, without the weights cached on this machine."""
    with tempfile.TemporaryDirectory() as empty:
        env = {**os.environ, "BOOSTVSOD_HOME": empty}
        words = [sys.executable, "-c", CODE, *command.split()]
        return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env=env).stdout


def renew(path: Path) -> None:
    """Replace every printed table of a document by what its command prints now."""
    text = path.read_text()
    path.write_text(PRINTED.sub(lambda match: match[1] + output_of(match[2]) + match[3], text))


if __name__ == "__main__":
    for document in sorted((Path(__file__).parents[1] / "docs").glob("*.md")):
        renew(document)
