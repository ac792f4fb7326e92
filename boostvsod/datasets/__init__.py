"""Annotated data on disk: layouts, pairs of picture and mask, folders of maps."""
