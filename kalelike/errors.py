"""The exceptions that kalelike raises; each edge translates them once."""

from __future__ import annotations

from collections.abc import Iterable

from kalelike.diagnostics import Diagnostic


class KalelikeError(Exception):
    """The root of every exception that kalelike raises on purpose.

    ``diagnostics`` holds everything that is known to be wrong, so that users
    meet all of it at once and not one mistake a run.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__("\n".join(str(item) for item in self.diagnostics))


class CompileError(KalelikeError):
    """The notebook cannot become a pipeline; nothing was executed or written."""


class BackendError(KalelikeError):
    """An engine cannot run the pipeline, or lost it."""


class BuildError(KalelikeError):
    """An image cannot be built or pushed; what was there before is as it was."""
