"""Generates notebook programs that run, end, and give the same every time."""
