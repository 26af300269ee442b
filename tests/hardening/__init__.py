"""Tables of hard patterns."""

from __future__ import annotations

from tests.hardening import mutation

TABLES = (mutation,)
