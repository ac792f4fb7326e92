"""`python -m boostvsod` is the program `boostvsod`."""

from boostvsod.cli import main

if __name__ == "__main__":
    main()
