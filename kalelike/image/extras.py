"""Packages that only building images needs."""

from __future__ import annotations

from importlib.util import find_spec

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BuildError


def need(*modules: str) -> None:
    """Check that modules can be imported; raises ``BuildError`` (extra-missing)."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        message = f"building images needs the package {', '.join(missing)}"
        hint = "pip install 'kalelike[images]'"
        raise BuildError([diagnose("extra-missing", message, Location("images"), hint)])
