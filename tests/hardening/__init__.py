"""Tables of hard patterns."""

from __future__ import annotations

from tests.hardening import aliases, crossing, files, mixed, mutation, random_streams, scopes, state

TABLES = (aliases, crossing, files, mixed, mutation, random_streams, scopes, state)
