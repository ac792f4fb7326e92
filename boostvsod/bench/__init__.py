"""Benchmarks: boosted maps compared with the baseline, over many videos, targets, recipes and seeds.

arms -> jobs (video, target, arm, seed) -> an executor runs them -> one file for each finished job -> tables
"""
