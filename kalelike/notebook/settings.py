"""The settings of a notebook, from its metadata: ours, or Kale's as they stand.

``settings.schema.json`` beside this file describes both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from kalelike.diagnostics import Diagnostic, Location, Severity, diagnose
from kalelike.notebook.decoding import decode, json_kind, report_unknown, setting_fields
from kalelike.notebook.kale_settings import KALE_KEY, read_kale
from kalelike.notebook.kubernetes_values import BadValueError
from kalelike.notebook.merging import merge_options
from kalelike.notebook.model import Notebook
from kalelike.notebook.option_tags import OPTION_TAGS, parse_option
from kalelike.notebook.options import PipelineOptions, StepOptions
from kalelike.notebook.spelling import nearest

OWN_KEY = "kalelike"
"""The key of our settings in a notebook's metadata."""

_SEPARATE = ("defaults", "steps")
_OTHER = re.compile(r"[^A-Za-z0-9._ -]+")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Settings:
    """A notebook's settings, and what is wrong with them; errors among them stop a compile."""

    options: PipelineOptions
    diagnostics: tuple[Diagnostic, ...]


def read_settings(notebook: Notebook) -> Settings:
    """Read the settings; unknown and unusable ones are diagnostics, never dropped."""
    reader = _Reader(notebook.location)
    name = _default_name(notebook)
    own, kale = notebook.metadata.get(OWN_KEY), notebook.metadata.get(KALE_KEY)
    if own is not None:
        options = reader.read_own(own, name)
        if kale:
            message = f"it is not read, since there are settings under `{OWN_KEY}`"
            reader.tell(KALE_KEY, message, f"remove it, or `{OWN_KEY}`", Severity.NOTE)
    elif kale is not None:
        options = read_kale(kale, name, reader)
    else:
        options = PipelineOptions(name)
    return Settings(options, tuple(reader.diagnostics))


def check_step_names(
    options: PipelineOptions, steps: Iterable[str], place: Location
) -> list[Diagnostic]:
    """Return a diagnostic for every step that the settings name and that does not exist."""
    known = set(steps)
    found = []
    for name, _ in options.step_overrides:
        if name in known:
            continue
        near = nearest(name, known)
        hint = f"did you mean `{near}`?" if near else "remove it from the metadata"
        message = f"the settings name a step {name}, which does not exist"
        where = replace(place, path=f"metadata.{OWN_KEY}.steps.{name}")
        found.append(diagnose("unknown-step", message, where, hint))
    return found


def _default_name(notebook: Notebook) -> str:
    """The file's name as a pipeline's."""
    stem = notebook.name.removesuffix(".ipynb")
    return _OTHER.sub("-", stem).strip("-. ")[:_LONGEST_NAME] or "pipeline"


class _Reader:
    """Collects options and what is wrong, each at its path in the metadata."""

    def __init__(self, place: Location) -> None:
        self.place = place
        self.diagnostics: list[Diagnostic] = []

    def tell(self, path: str, message: str, hint: str, weight: Severity) -> None:
        place = replace(self.place, path=f"metadata.{path}")
        self.diagnostics.append(diagnose("bad-setting", message, place, hint, weight))

    def error(self, path: str, message: str, hint: str) -> None:
        self.tell(path, message, hint or "correct it in the notebook's metadata", Severity.ERROR)

    def old(self, path: str, message: str) -> None:
        place = replace(self.place, path=f"metadata.{path}")
        self.diagnostics.append(diagnose("old-spelling", message, place))

    def read_own(self, data: object, name: str) -> PipelineOptions:
        """Return the options under our key; every mistake is collected."""
        if not isinstance(data, Mapping):
            self.error(OWN_KEY, f"it has to be an object, and not {json_kind(data)}", "")
            return PipelineOptions(name)
        known = setting_fields(PipelineOptions)
        plain: dict[str, object] = {"name": name}
        for key, value in data.items():
            if key in known:
                plain[key] = name if key == "name" and value is None else value
            elif key not in _SEPARATE:
                report_unknown(key, (*known, *_SEPARATE), OWN_KEY, self.error)
        options = decode(PipelineOptions, plain, OWN_KEY, self.error) or PipelineOptions(name)
        return replace(
            options,
            step_defaults=self.step_options(data.get("defaults"), f"{OWN_KEY}.defaults"),
            step_overrides=self._steps(data.get("steps"), f"{OWN_KEY}.steps"),
        )

    def _steps(self, data: object, path: str) -> tuple[tuple[str, StepOptions], ...]:
        if data is None:
            return ()
        if not isinstance(data, Mapping):
            self.error(path, f"it has to be an object of steps, and not {json_kind(data)}", "")
            return ()
        return tuple(
            (name, self.step_options(item, f"{path}.{name}")) for name, item in data.items()
        )

    def step_options(self, data: object, path: str) -> StepOptions:
        """Return a step's options from an object, or from a list of tags."""
        if isinstance(data, list):
            return self._tags(data, path)
        if data is None:
            return StepOptions()
        return decode(StepOptions, data, path, self.error) or StepOptions()

    def _tags(self, tags: list[object], path: str) -> StepOptions:
        options = StepOptions()
        for index, tag in enumerate(tags):
            where = f"{path}[{index}]"
            word, colon, rest = tag.partition(":") if isinstance(tag, str) else ("", "", "")
            if not isinstance(tag, str):
                self.error(where, f"a tag has to be a text, and not {json_kind(tag)}", "")
            elif not colon or word not in OPTION_TAGS:
                report_unknown(word, OPTION_TAGS, where, self.error)
            else:
                try:
                    options = merge_options(options, parse_option(word, rest))
                except BadValueError as error:
                    form = f"write {word}:{OPTION_TAGS[word].form}"
                    self.error(where, str(error), form)
        return options
