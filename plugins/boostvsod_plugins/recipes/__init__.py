"""Recipes: each a TOML file, offered by the module beside it."""
