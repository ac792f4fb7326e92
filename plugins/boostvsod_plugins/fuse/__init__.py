"""Fusers, which make the final map from the maps of target, motion and student."""
