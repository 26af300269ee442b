"""The settings of a notebook, from its metadata: ours, or Kale's as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from kalelike.diagnostics import Diagnostic, Location, Severity, diagnose
from kalelike.notebook.model import Notebook
from kalelike.notebook.options import ClaimMount, PipelineOptions, StepOptions
from kalelike.notebook.step_options import OPTION_KEYS, BadOption, apply_option, duration

OWN_KEY = "kalelike"
KALE_KEY = "kubeflow_notebook"
_OWN = ("name", "description", "experiment", "image", "timeout", "ttl", "host", "output",
        "workspace", "defaults", "steps")  # fmt: skip
_KALE = ("pipeline_name", "pipeline_description", "experiment_name", "experiment", "base_image",
         "docker_image", "enable_caching", "steps_defaults", "security_context", "volumes",
         "timeout", "kfp_host", "output_path", "katib_run", "katib_metadata", "snapshot_volumes",
         "autosnapshot", "storage_class_name", "volume_access_mode", "abs_working_dir",
         "marshal_path", "marshal_volume", "deploy_config", "pipeline_steps")  # fmt: skip
_WITHOUT_EFFECT = ("snapshot_volumes", "autosnapshot", "storage_class_name", "katib_metadata",
                   "volume_access_mode", "abs_working_dir", "marshal_path", "marshal_volume",
                   "deploy_config", "pipeline_steps")  # fmt: skip
_LONGEST = 4096
_OTHER = re.compile(r"[^A-Za-z0-9._ -]+")


@dataclass(frozen=True, slots=True)
class Settings:
    """A notebook's settings: the pipeline's, and a table of options per step."""

    options: PipelineOptions
    steps: Mapping[str, tuple[tuple[str, str], ...]]
    diagnostics: tuple[Diagnostic, ...]


def read_settings(notebook: Notebook) -> Settings:
    """Read the settings; unknown and unusable ones are diagnostics, never dropped."""
    reader = _Reader(notebook)
    own, kale = notebook.metadata.get(OWN_KEY), notebook.metadata.get(KALE_KEY)
    if isinstance(own, dict):
        reader.read_own(own)
    elif isinstance(kale, dict):
        reader.read_kale(kale)
    elif own is not None:
        reader.problem(OWN_KEY, "it has to be an object")
    return Settings(reader.options, reader.steps, tuple(reader.diagnostics))


class _Reader:
    def __init__(self, notebook: Notebook) -> None:
        stem = notebook.name.removesuffix(".ipynb")
        self.options = PipelineOptions(_OTHER.sub("-", stem).strip("-. ") or "pipeline")
        self.steps: dict[str, tuple[tuple[str, str], ...]] = {}
        self.diagnostics: list[Diagnostic] = []
        self.place: Location = notebook.location

    def problem(self, key: str, why: str, hint: str = "", weight: Severity | None = None) -> None:
        place = replace(self.place, path=f"metadata.{key}")
        self.diagnostics.append(
            diagnose("bad-setting", f"{key}: {why}", place, hint or "correct it", weight)
        )

    # -- ours --------------------------------------------------------------------

    def read_own(self, data: Mapping[str, Any]) -> None:
        for key, value in data.items():
            path = f"{OWN_KEY}.{key}"
            if key not in _OWN:
                self._unknown(path, key, _OWN)
            elif key == "defaults":
                self._defaults(path, value)
            elif key == "steps":
                self._step_tables(path, value)
            else:
                self._plain(path, key, value)

    def _unknown(self, path: str, key: str, known: tuple[str, ...]) -> None:
        close = get_close_matches(key, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are: {', '.join(known)}"
        self.problem(path, "there is no such setting", hint)

    def _plain(self, path: str, key: str, value: Any) -> None:
        if key in ("timeout", "ttl"):
            seconds = self._seconds(path, value)
            if key == "timeout":
                self.options = replace(self.options, timeout_seconds=seconds)
            else:
                self.options = replace(self.options, ttl_seconds=seconds)
            return
        if not isinstance(value, str) or len(value) > _LONGEST:
            self.problem(path, f"it has to be a text of at most {_LONGEST} characters")
            return
        if key == "name" and not value.strip():
            self.problem(path, "a pipeline needs a name")
            return
        if value:
            self.options = replace(self.options, **{_FIELDS[key]: value})

    def _seconds(self, path: str, value: Any) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value or None
        try:
            return duration(str(value)) or None
        except BadOption as error:
            self.problem(path, str(error))
            return None

    def _defaults(self, path: str, value: Any) -> None:
        for key, text in self._options(path, value):
            try:
                defaults = apply_option(self.options.step_defaults, key, text)
            except BadOption as error:
                self.problem(f"{path}.{key}", str(error))
                continue
            self.options = replace(self.options, step_defaults=defaults)

    def _step_tables(self, path: str, value: Any) -> None:
        if not isinstance(value, dict):
            self.problem(path, "it has to be an object of steps")
            return
        for step, table in value.items():
            self.steps[step] = tuple(self._options(f"{path}.{step}", table))

    def _options(self, path: str, table: Any) -> Iterator[tuple[str, str]]:
        """Yield options as tags spell them, from a list of tags or an object."""
        if isinstance(table, list) and all(isinstance(item, str) for item in table):
            pairs = [item.partition(":")[::2] for item in table]
        elif isinstance(table, dict):
            pairs = [pair for key, item in table.items() for pair in _spelt(key, item)]
        else:
            self.problem(path, "it has to be a list of tags or an object")
            return
        for key, text in pairs:
            if key in OPTION_KEYS:
                yield key, text
            else:
                self._unknown(f"{path}.{key}", key, tuple(OPTION_KEYS))

    # -- Kale's ----------------------------------------------------------------------

    def read_kale(self, data: Mapping[str, Any]) -> None:
        for key, value in data.items():
            path = f"{KALE_KEY}.{key}"
            if key not in _KALE:
                self._unknown(path, key, _KALE)
            elif value in (None, "", [], {}, False) and key != "enable_caching":
                continue
            elif key in _KALE_TEXTS:
                self._plain(path, _KALE_TEXTS[key], value)
                if key == "docker_image":
                    self._old(path, "docker_image is now base_image")
            elif key not in _WITHOUT_EFFECT:
                self._kale_value(path, key, value)

    def _old(self, path: str, text: str) -> None:
        place = replace(self.place, path=f"metadata.{path}")
        self.diagnostics.append(diagnose("old-spelling", text, place))

    def _kale_value(self, path: str, key: str, value: Any) -> None:
        defaults = self.options.step_defaults
        if key == "enable_caching":
            if isinstance(value, bool):
                defaults = replace(defaults, cache=value)
                self.options = replace(self.options, step_defaults=defaults)
        elif key == "experiment":
            name = value.get("name") if isinstance(value, dict) else value
            if isinstance(name, str) and name:
                self.options = replace(self.options, experiment=name)
        elif key == "steps_defaults":
            self._defaults(path, value)
        elif key == "security_context":
            self._security_context(path, value)
        elif key == "timeout":
            seconds = self._seconds(path, value)
            self.options = replace(self.options, timeout_seconds=seconds)
        elif key == "volumes":
            self._volumes(path, value)
        elif key == "katib_run":
            self.problem(
                path,
                "the hyperparameter search is not made from this notebook",
                "run it without the search; nothing else of the notebook changes",
                Severity.WARNING,
            )

    def _security_context(self, path: str, value: Any) -> None:
        if not isinstance(value, dict):
            self.problem(path, "it has to be an object")
            return
        names = {"run_as_user": "run-as-user", "runAsUser": "run-as-user",
                 "run_as_group": "run-as-group", "runAsGroup": "run-as-group",
                 "run_as_non_root": "run-as-non-root", "runAsNonRoot": "run-as-non-root"}  # fmt: skip
        for key, item in value.items():
            if key not in names:
                self._unknown(f"{path}.{key}", key, tuple(names))
            elif item is not None:
                self._defaults(path, {names[key]: item})

    def _volumes(self, path: str, value: Any) -> None:
        for index, item in enumerate(value if isinstance(value, list) else []):
            where = f"{path}[{index}]"
            kind = item.get("type") if isinstance(item, dict) else None
            mount = item.get("mount_point") if isinstance(item, dict) else None
            if kind != "pvc" or not isinstance(mount, str) or not item.get("name"):
                self.problem(
                    where,
                    f"a volume of type {kind!r} is not made; only existing claims (pvc) are mounted",
                    "make the claim beforehand, and name it as type pvc",
                    Severity.WARNING,
                )
                continue
            claim = ClaimMount(str(item["name"]), mount)
            defaults = self.options.step_defaults
            defaults = replace(defaults, claims=(*defaults.claims, claim))
            self.options = replace(self.options, step_defaults=defaults)


_FIELDS = {
    "name": "name",
    "description": "description",
    "experiment": "experiment",
    "image": "base_image",
    "host": "kfp_host",
    "output": "output_path",
    "workspace": "workspace_size",
}
_KALE_TEXTS = {
    "pipeline_name": "name",
    "pipeline_description": "description",
    "experiment_name": "experiment",
    "base_image": "image",
    "docker_image": "image",
    "kfp_host": "host",
    "output_path": "output",
}


def _spelt(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for inner, item in value.items():
            for _, text in _spelt(key, item):
                yield key, f"{inner}:{text}"
    elif isinstance(value, list):
        for item in value:
            yield from _spelt(key, item)
    elif isinstance(value, bool):
        yield key, "true" if value else "false"
    else:
        yield key, str(value)


__all__ = ["Settings", "StepOptions", "read_settings"]
