"""The built-in recipes: TOML files, which the module shelf.py offers."""
