"""What the KFP backend would refuse late, fail on in a run, lose or change of a v2 document.

No tool of KFP's tells it: an upload checks the form alone, and everything
else shows in the middle of a run or never. The rules follow the backend's
2.17 sources and what it did when it was given such documents.
"""

from kalelike.lint.document.check import (
    CLUSTER_LIMITS,
    UNREADABLE,
    check_documents,
    check_text,
    check_workflow_size,
    estimate_workflow_size,
)
from kalelike.lint.document.reading import LARGEST_UPLOAD

__all__ = [
    "CLUSTER_LIMITS",
    "LARGEST_UPLOAD",
    "UNREADABLE",
    "check_documents",
    "check_text",
    "check_workflow_size",
    "estimate_workflow_size",
]
