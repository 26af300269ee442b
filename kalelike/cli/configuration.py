"""A command's options, merged from all places that can set them."""

from __future__ import annotations

import argparse
import os
from dataclasses import fields
from pathlib import Path

from kalelike.config import Config, resolve


def command_config(options: argparse.Namespace) -> Config:
    """Return a command's options, merged from all places; raises ``CompileError``."""
    known = {item.name for item in fields(Config)}
    flags = {key: value for key, value in vars(options).items() if key in known}
    source = getattr(options, "source", None) or getattr(options, "notebook", None)
    folder = Path(source).resolve().parent if source else Path.cwd()
    return resolve(folder, environ=os.environ, flags=flags)
