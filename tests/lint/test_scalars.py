"""Unquoted scalars, as Go's yaml.v3 and encoding/json give them (every row was run there)."""

import pytest

from kalelike.lint.document.scalars import Changed, resolve_plain

ROWS: dict[str, object] = {
    "yes": "yes", "on": "on", "y": "y", "true": True, "TRUE": True, "tRue": "tRue",
    "null": None, "~": None, "": None, "nil": "nil",
    "010": 8, "0o10": 8, "0x1F": 31, "0b101": 5, "-0x1F": -31, "+0o17": 15, "08": 8.0, "0b2": "0b2",
    "1_000": 1000, "_1": "_1", "1__0": 10, "1e3": 1000.0, "1.5e-3": 0.0015, "5.": 5.0,
    ".5": 0.5, ".5_0": 0.5, "._8": "._8", ".9_": ".9_", "1e400": "1e400", "1e": "1e",
    "2.1.0": "2.1.0", "1.10": 1.1, "100m": "100m", "12:30": "12:30", "1,000": "1,000",
    "2024-13-01": "2024-13-01", "2024-02-30": "2024-02-30",
    "2024-01-02T03:04:05": "2024-01-02T03:04:05",
    "2024-01-02": Changed("2024-01-02T00:00:00Z", "2024-01-02"),
    "2024-1-2": Changed("2024-01-02T00:00:00Z", "2024-1-2"),
    "2024-01-02 03:04:05.250": Changed("2024-01-02T03:04:05.25Z", "2024-01-02 03:04:05.250"),
    "2001-12-14T21:59:43.10-05:00": Changed(
        "2001-12-14T21:59:43.1-05:00", "2001-12-14T21:59:43.10-05:00"
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", ROWS)
def test_scalar_means_what_go_reads(text: str) -> None:
    value = resolve_plain(text)
    assert value == ROWS[text]
    assert type(value) is type(ROWS[text])
