"""Boosted against baseline: many videos, targets, recipes and seeds, scored and compared.

arms -> jobs (video, target, arm, seed) -> an executor runs them -> one file per finished job -> tables
"""
