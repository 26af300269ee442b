"""The table: see ``row`` for what a row is."""

from . import at_run, at_upload, by_argo, dropped, in_a_run, on_a_pod, sizes, wrong
from .row import FULL_FEATURE, Row, edit, line_of

ROWS: tuple[Row, ...] = (
    *at_upload.ROWS,
    *at_run.ROWS,
    *by_argo.ROWS,
    *in_a_run.ROWS,
    *dropped.ROWS,
    *wrong.ROWS,
    *on_a_pod.ROWS,
    *sizes.ROWS,
)

__all__ = ["FULL_FEATURE", "ROWS", "Row", "edit", "line_of"]
