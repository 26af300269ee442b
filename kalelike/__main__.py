"""``python -m kalelike``: the command line."""

from kalelike.cli.main import run_process

run_process()
