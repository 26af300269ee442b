"""Engines that run a compiled pipeline, behind one protocol."""
