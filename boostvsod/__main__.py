"""`python -m boostvsod`: the same as the command `boostvsod`."""

from __future__ import annotations

from boostvsod.cli import main

if __name__ == "__main__":
    main(prog_name="boostvsod")
