"""Optical-flow backends."""
