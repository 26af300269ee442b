"""How long a step may take with all of its attempts."""

from __future__ import annotations

from collections.abc import Iterator

from kalelike.notebook.options import PipelineOptions, Retry, StepOptions

# A week is taken for a step that states no limit; Argo counts its bound from
# the first attempt, so a small one would forbid the retries of long steps.
_UNLIMITED_SECONDS = 7 * 24 * 3600
_MARGIN_SECONDS = 3600
_LONGEST_SECONDS = 2**31 - 1


def pod_deadline(options: StepOptions) -> int | None:
    """Return the seconds after which a step's pod is ended; None without a time limit.

    ``timeout_seconds`` is the limit of one attempt. Attempts are made inside
    the pod, so the pod has the time of them all, and of the waits between.
    """
    if options.timeout_seconds is None:
        return None
    retry = options.retry
    if retry is None:
        return options.timeout_seconds
    waits = sum(min(wait, retry.backoff_max_seconds) for wait in _waits(retry))
    return min(options.timeout_seconds * (1 + max(retry.max_retries, 0)) + waits, _LONGEST_SECONDS)


def retry_bound(retry: Retry, options: StepOptions, pipeline: PipelineOptions) -> int:
    """Return ``backoffMaxDuration``: more than all pods of a step and all waits can take.

    Argo needs one, else it refuses to retry, and counts from the first
    attempt's start.
    """
    pod = pod_deadline(options) or pipeline.timeout_seconds or _UNLIMITED_SECONDS
    total = pod * (1 + max(retry.max_retries, 0)) + sum(_waits(retry)) + _MARGIN_SECONDS
    return min(total, _LONGEST_SECONDS)


def _waits(retry: Retry) -> Iterator[int]:
    wait = max(retry.backoff_seconds, 0)
    for _ in range(max(retry.max_retries, 0)):
        yield wait
        wait = min(wait * max(retry.backoff_factor, 1), _LONGEST_SECONDS)
