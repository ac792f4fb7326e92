"""Optical flow: files, colours, and what is done with a field."""
