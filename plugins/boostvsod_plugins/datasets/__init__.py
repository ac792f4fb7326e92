"""The layouts of known data sets on disk."""
