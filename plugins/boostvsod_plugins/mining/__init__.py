"""Miners, which choose the frames to learn from."""
