"""Reads notebooks: cells, tags and settings, each kept with its place."""
