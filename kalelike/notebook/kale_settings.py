"""Kale's notebook metadata (``kubeflow_notebook``), versions 1 to 2.3, as pipeline options.

What Kale itself writes and never uses is left aside with a note where it
states something; see the table of keys below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from kalelike.diagnostics import Severity
from kalelike.notebook.decoding import decode, json_kind, report_unknown
from kalelike.notebook.merging import merge_options
from kalelike.notebook.options import ClaimMount, PipelineOptions, SecurityContext, StepOptions

KALE_KEY = "kubeflow_notebook"
"""The key of Kale's settings in a notebook's metadata."""

_TEXTS = {
    "pipeline_name": "name",
    "pipeline_description": "description",
    "experiment_name": "experiment",
    "base_image": "base_image",
    "docker_image": "base_image",
    "kfp_host": "kfp_host",
    "output_path": "output_path",
    "timeout": "timeout",
}
_WITHOUT_EFFECT = {
    "abs_working_dir": "steps run beside the notebook's files",
    "katib_metadata": "no hyperparameter search is made",
    "autosnapshot": "volumes are not copied: values travel as artifacts",
    "marshal_path": "values travel as artifacts",
    "marshal_volume": "values travel as artifacts",
    "snapshot_volumes": "volumes are not copied: values travel as artifacts",
    "storage_class_name": "no volume is made, only existing claims are mounted",
    "volume_access_mode": "no volume is made, only existing claims are mounted",
}
_VALUES = frozenset(
    {"enable_caching", "experiment", "katib_run", "security_context",
     "steps_defaults", "volumes"}
)  # fmt: skip
KALE_KEYS = (*_TEXTS, *_WITHOUT_EFFECT, *sorted(_VALUES))
"""Every key that some version of Kale writes."""

_VOLUME_KEYS = (
    "annotations", "expose_as_env_var", "mount_point", "name", "size", "size_type", "snapshot",
    "snapshot_name", "storage_class_name", "type", "volume_access_mode",
)  # fmt: skip

# What Kale's security context holds where it is on and says nothing else.
_KALE_CONTEXT = {"run_as_user": 65534, "run_as_group": 0, "run_as_non_root": True}


class Reporter(Protocol):
    """Takes what is wrong with settings."""

    def error(self, path: str, message: str, hint: str) -> None:
        """Report what keeps the notebook from being compiled."""

    def tell(self, path: str, message: str, hint: str, weight: Severity) -> None:
        """Report anything else."""

    def old(self, path: str, message: str) -> None:
        """Report an older spelling that was understood."""

    def step_options(self, data: object, path: str) -> StepOptions:
        """Read the options of a step."""


def read_kale(data: object, name: str, reporter: Reporter) -> PipelineOptions:
    """Return Kale's settings as options; ``name`` is the pipeline's where they state none.

    Everything unknown or unusable is reported.
    """
    if not isinstance(data, Mapping):
        reporter.error(KALE_KEY, f"it has to be an object, and not {json_kind(data)}", "")
        return PipelineOptions(name)
    reader = _KaleReader(reporter)
    plain: dict[str, object] = {"name": name}
    for key, value in data.items():
        if key not in KALE_KEYS:
            report_unknown(key, KALE_KEYS, KALE_KEY, reporter.error)
        elif value in (None, "", [], {}) or (value is False and key != "enable_caching"):
            continue
        elif key in _TEXTS:
            reader.text(key, value, plain)
        elif key in _WITHOUT_EFFECT:
            message = f"it has no effect: {_WITHOUT_EFFECT[key]}"
            reporter.tell(f"{KALE_KEY}.{key}", message, "", Severity.NOTE)
        else:
            reader.value(key, value, plain)
    options = decode(PipelineOptions, plain, KALE_KEY, reporter.error) or PipelineOptions(name)
    return replace(options, step_defaults=reader.defaults)


class _KaleReader:
    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.defaults = StepOptions()

    def _lay_over(self, options: StepOptions) -> None:
        self.defaults = merge_options(self.defaults, options)

    def text(self, key: str, value: object, plain: dict[str, object]) -> None:
        """Take a setting that differs from ours in its name at most."""
        if key == "docker_image":
            self.reporter.old(f"{KALE_KEY}.{key}", "docker_image was read as base_image")
            plain.setdefault("base_image", value)
        else:
            plain[_TEXTS[key]] = value

    def value(self, key: str, value: Any, plain: dict[str, object]) -> None:
        """Take a setting of Kale's own form."""
        path = f"{KALE_KEY}.{key}"
        if key == "enable_caching":
            if isinstance(value, bool):
                self._lay_over(StepOptions(cache=value))
            else:
                self.reporter.error(path, "it has to be true or false", "")
        elif key == "experiment":
            # Kale's panel writes it beside `experiment_name`, which counts.
            given = value.get("name") if isinstance(value, Mapping) else value
            if given not in (None, ""):
                plain.setdefault("experiment", given)
        elif key == "steps_defaults":
            if isinstance(value, list):
                self._lay_over(self.reporter.step_options(value, path))
            else:
                self.reporter.error(path, "it has to be a list of tags", "")
        elif key == "security_context":
            self._security_context(path, value)
        elif key == "volumes":
            self._volumes(path, value)
        elif key == "katib_run":
            message = "no hyperparameter search is made from this notebook"
            hint = "set it to false; the pipeline is the same without it"
            self.reporter.tell(path, message, hint, Severity.WARNING)

    def _security_context(self, path: str, value: object) -> None:
        if not isinstance(value, Mapping):
            self.reporter.error(path, "it has to be an object", "")
            return
        enabled = value.get("enabled", True)
        if not isinstance(enabled, bool):
            self.reporter.error(f"{path}.enabled", "it has to be true or false", "")
        stated = {key: item for key, item in value.items() if key != "enabled"}
        context = decode(SecurityContext, {**_KALE_CONTEXT, **stated}, path, self.reporter.error)
        if enabled and context is not None:
            self._lay_over(StepOptions(security_context=context))

    def _volumes(self, path: str, value: object) -> None:
        if not isinstance(value, list):
            self.reporter.error(path, f"it has to be a list, and not {json_kind(value)}", "")
            return
        for index, item in enumerate(value):
            where = f"{path}[{index}]"
            if not isinstance(item, Mapping):
                self.reporter.error(where, f"it has to be an object, and not {json_kind(item)}", "")
            elif item.get("type") == "pvc":
                self._claim(where, item)
            else:
                given = item.get("type")
                kind = given[:40] if isinstance(given, str) else json_kind(given)
                self.reporter.tell(
                    where,
                    f"a volume of type {kind} is not mounted: only existing claims (pvc) are",
                    "make the claim beforehand and write its name, with the type pvc",
                    Severity.WARNING,
                )

    def _claim(self, path: str, item: Mapping[Any, Any]) -> None:
        def report(where: str, message: str, hint: str) -> None:
            where = where.replace(".claim", ".name").replace(".mount_path", ".mount_point")
            self.reporter.error(where, message, hint)

        for key in sorted(map(str, item.keys() - set(_VOLUME_KEYS))):
            report_unknown(key, _VOLUME_KEYS, path, report)
        if item.get("snapshot"):
            message = f"it has no effect: {_WITHOUT_EFFECT['snapshot_volumes']}"
            self.reporter.tell(f"{path}.snapshot", message, "", Severity.NOTE)
        data = {"claim": item.get("name"), "mount_path": item.get("mount_point")}
        mount = decode(ClaimMount, data, path, report)
        if mount is None:
            return
        env: tuple[tuple[str, str], ...] = ()
        if item.get("expose_as_env_var") is True:
            name = re.sub(r"[^A-Z0-9]", "_", mount.claim.upper())
            env = ((f"KALE_VOLUME_{name}", mount.mount_path),)
        self._lay_over(StepOptions(claims=(mount,), env=env))
