"""How the data sets of the field lie on disk."""
