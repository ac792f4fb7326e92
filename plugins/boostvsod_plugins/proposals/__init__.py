"""Proposers, which find boxes that may contain objects."""
