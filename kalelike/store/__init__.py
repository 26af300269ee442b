"""Runs, steps, artifacts by hash, metrics and lineage: SQLite beside plain files."""
