"""YAML text as a document, for pipelines that are already compiled."""

from __future__ import annotations

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.emit.document import Json, PipelineDocument
from kalelike.errors import CompileError

_HINT = "give a pipeline that kalelike, or KFP's own compiler, wrote"


def from_yaml(text: str, source: str = "pipeline.yaml") -> PipelineDocument:
    """Read a compiled pipeline; ``source`` names it in messages.

    Only the outermost form is checked: one IR, and at most one platform
    document. Raises :class:`CompileError` where the text is anything else.
    """
    parts = _load(text, source)
    if not 1 <= len(parts) <= 2:
        raise CompileError([_not_a_pipeline(source, f"it holds {len(parts)} YAML documents")])
    if not all(isinstance(part, dict) for part in parts):
        raise CompileError([_not_a_pipeline(source, "it is not a mapping")])
    ir, *rest = parts
    if "pipelineInfo" not in ir or "root" not in ir:
        raise CompileError([_not_a_pipeline(source, "it has no pipelineInfo and root")])
    return PipelineDocument(ir, rest[0] if rest else None)


def _load(text: str, source: str) -> list[Json]:
    import yaml  # Compiling needs no YAML library: only reading does.

    loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return [part for part in yaml.load_all(text, loader) if part is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Location(source, line=mark.line + 1 if mark else None)
        raise CompileError([_not_a_pipeline(source, str(error.problem), place)]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CompileError([_not_a_pipeline(source, str(error))]) from error


def _not_a_pipeline(source: str, reason: str, place: Location | None = None) -> Diagnostic:
    return diagnose(
        "not-a-pipeline",
        f"{source} is not a compiled pipeline: {reason}",
        place or Location(source),
        _HINT,
    )
