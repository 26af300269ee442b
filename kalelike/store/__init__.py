"""Runs, steps, artifacts by hash, metrics and lineage: SQLite beside plain files.

``from kalelike.store import load`` gives a value of a past run.
"""

from kalelike.store.loading import load

__all__ = ["load"]
