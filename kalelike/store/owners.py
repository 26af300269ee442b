"""The processes that own runs: told apart from later ones that got the same number."""

from __future__ import annotations

import os
from pathlib import Path


def process_start(pid: int) -> str | None:
    """Return when a process started, as the system tells it; None if there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return fields[19]
    except (OSError, IndexError):
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""


def is_alive(pid: int, started: str | None) -> bool:
    """Tell whether the process that had this number, and started then, still runs."""
    return process_start(pid) == started
