"""Weights of networks: safe loading, the cache, downloads, other formats."""
