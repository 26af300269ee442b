"""The table of what the backend refuses, fails on or loses: one slip each, beside what is right.

Every row is a change of ``full_feature.yaml``. ``bad`` makes the slip, which
has to be found with this code, at this path, in the line that the text ``at``
ends in; ``good`` is the neighbour that looks alike and is right.
"""

from dataclasses import dataclass
from pathlib import Path

FULL_FEATURE = Path(__file__).parents[1].joinpath("full_feature.yaml").read_text("utf-8")

Edit = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One slip; ``also`` names the codes of what follows from it."""

    id: str
    code: str
    path: str | None
    at: str
    bad: tuple[Edit, ...]
    good: tuple[Edit, ...] = ()
    also: frozenset[str] = frozenset()


def edit(text: str, edits: tuple[Edit, ...]) -> str:
    """Apply changes, each of a text that stands there exactly once."""
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the document"
        text = text.replace(old, new)
    return text


def line_of(text: str, at: str) -> int:
    """Return the line in which the one occurrence of ``at`` ends."""
    assert text.count(at) == 1, f"{at!r} stands {text.count(at)} times in the document"
    return text[: text.index(at) + len(at.rstrip("\n"))].count("\n") + 1


def row(
    id: str,  # noqa: A002
    code: str,
    path: str | None,
    at: str,
    *bad: Edit,
    good: tuple[Edit, ...] = (),
    also: str = "",
) -> Row:
    """Make a row; ``also`` holds names of codes, parted by blanks."""
    return Row(id, code, path, at, bad, good, frozenset(also.split()))


TASKS = "root.dag.tasks"
EXECUTORS = "deploymentSpec.executors"
PLATFORM = "platforms.kubernetes.deploymentSpec.executors"

NAME = "pipelineInfo:\n  name: full-feature"
LR = "lr:\n              componentInputParameter: lr"
MODE = "mode:\n              runtimeValue:\n                constant: fast"
VERBOSE = "verbose:\n              runtimeValue:\n                constant: true"
TRAIN_NEEDS = "name: comp-train\n        dependentTasks:\n        - load"
TRAIN_INFO = "        taskInfo:\n          name: train\n"
PICK_INFO = "        taskInfo:\n          name: pick\n"
LOAD_RETRY = "retryPolicy:\n          maxRetryCount: 2"
LOAD_ENV = "- name: LOG_LEVEL"
LOAD_ARG = "        - load\n        - \"{{$.inputs.parameters['rows']}}\""
CV_ARGS = 'args: [cv, "{{$}}"]'
PICK_ARGS = 'args: [pick, "{{$}}"]'
CONDITION = "inputs.parameter_values['accuracy'] > 0.9"
PIPELINE_END = "          strategy: ALL_UPSTREAM_TASKS_COMPLETED\n---\n"
OPTS = 'constant: {a: 1, b: [x, "y"]}'
TRAIN_COUNT = "count:\n              taskOutputParameter:\n                producerTask: load"
