"""The exit codes of every command, and the text that documents them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command's process returns."""

    OK = 0
    FAILED = 1
    """The run failed, or the check found something."""
    BAD_INPUT = 2
    """The command, the notebook, the document or the store cannot be used."""
    LOST = 3
    """Contact with the cluster was lost; the run goes on there."""
    INTERNAL = 70
    """A mistake in kalelike itself."""
    INTERRUPTED = 130
    BROKEN_PIPE = 141


EPILOG = """\
exit codes:
  0    success
  1    the run failed, or the check found something
  2    bad input: the command, the notebook, the document or the store cannot be used
  3    contact with Kubeflow was lost; the run goes on there
  70   an error inside kalelike (KALELIKE_DEBUG=1 shows where)
  130  interrupted by Ctrl-C
  141  whoever read the output went away
"""
