"""From the graph of steps to a KFP v2 document, and between documents and YAML text.

Pure: nothing is executed, no file is read or written, and no KFP package is
needed. What stands in the document is what every engine runs.
"""

from __future__ import annotations

from kalelike.emit.checks import check_foreign_files, check_images
from kalelike.emit.document import PipelineDocument
from kalelike.emit.limits import check_limits
from kalelike.emit.pipeline import emit_pipeline
from kalelike.emit.reading import from_yaml
from kalelike.emit.writing import to_yaml
from kalelike.image.base import default_image

__all__ = [
    "PipelineDocument",
    "check_foreign_files",
    "check_images",
    "check_limits",
    "default_image",
    "emit_pipeline",
    "from_yaml",
    "to_yaml",
]
