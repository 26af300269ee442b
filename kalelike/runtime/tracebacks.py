"""From an exception to the user's own cell and line."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from types import TracebackType

from kalelike.runtime.faults import StepError
from kalelike.runtime.record import Failure

Places = Mapping[str, Mapping[str, object]]
"""Cells (index, id, number) by the file name that their code is compiled under."""


def describe_failure(error: BaseException, places: Places) -> Failure:
    """Describe an exception of the notebook's code: where, what, and a traceback.

    The traceback begins at the first frame of the notebook; frames of IPython
    and of kalelike before it are left out.
    """
    if isinstance(error, StepError):
        return Failure(type(error).__name__, error.message, error.code, hint=error.hint)
    if isinstance(error, SyntaxError) and error.filename is not None and error.filename in places:
        return Failure(
            type(error).__name__,
            str(error.msg),
            "KL010",
            places[error.filename],
            error.lineno,
            (error.text or "").rstrip("\n"),
            "".join(traceback.format_exception_only(type(error), error)),
        )
    start = _first_notebook_frame(error.__traceback__, places)
    summary = traceback.TracebackException(type(error), error, start, compact=True)
    frame = next((item for item in reversed(summary.stack) if item.filename in places), None)
    return Failure(
        type(error).__name__,
        _text_of(error),
        "KL801",
        places[frame.filename] if frame is not None else None,
        frame.lineno if frame is not None else None,
        frame.line or "" if frame is not None else "",
        "".join(summary.format()),
    )


def _text_of(error: BaseException) -> str:
    """Return the exception's text, whatever its class makes of that."""
    try:
        return str(error)
    except Exception as fault:
        return f"(its text cannot be had: {type(fault).__name__})"


def _first_notebook_frame(chain: TracebackType | None, places: Places) -> TracebackType | None:
    first = chain
    while first is not None and first.tb_frame.f_code.co_filename not in places:
        first = first.tb_next
    return first if first is not None else chain
