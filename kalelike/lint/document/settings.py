"""A step's Kubernetes settings: what the driver, or Kubernetes itself, refuses in a run.

Rules from ``extendPodSpecPatch`` (``driver/k8s.go``) and Kubernetes' own
validation of pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kalelike.lint.document.decoding import Message
from kalelike.lint.document.findings import Path, Report, suggest
from kalelike.lint.document.model import part
from kalelike.lint.document.quantities import parse_quantity, split_reason
from kalelike.lint.document.templates import PLATFORM_EXECUTORS
from kalelike.notebook.kubernetes_values import (
    BadValueError,
    check_env_name,
    check_field_path,
    check_key,
    check_label_value,
)

_POLICIES = ("Always", "IfNotPresent", "Never")
_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_TOLERATION_OPERATORS = ("Equal", "Exists")
_SELECTOR_OPERATORS = ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn")
_REFUSED = "Kubernetes refuses the pod"

ENV_NAME = "use letters, digits, `_`, `-` and `.`, not beginning with a digit"
"""The remedy for the name of a variable."""


@dataclass(frozen=True)
class Settings:
    """The decoded settings of one executor, and where what is found in them goes."""

    label: str
    message: Message
    report: Report

    def at(self, *steps: str | int) -> Path:
        """Return the path of something inside the settings."""
        return (*PLATFORM_EXECUTORS, self.label, *steps)

    def judge(
        self, code: str, path: Path, what: str, check: Callable[[str], object], value: str
    ) -> None:
        """Report a value that ``check`` does not take."""
        try:
            check(value)
        except BadValueError as error:
            reason, remedy = split_reason(error)
            self.report.add(code, path, f"{what}{reason}; {_REFUSED}", remedy or "correct it")

    def choose(self, code: str, path: Path, what: str, known: tuple[str, ...], value: str) -> None:
        """Report a word that is none of those known."""
        if value not in known:
            self.report.add(
                code, path, f"`{value}` is no {what}; {_REFUSED}", suggest(value, known)
            )


def check_settings(settings: Settings) -> None:
    """Check the settings of one executor, mounted volumes excepted (see ``volumes``)."""
    policy = settings.message.get("imagePullPolicy")
    if policy:
        path = settings.at("imagePullPolicy")
        settings.choose("bad-pull-policy", path, "image pull policy", _POLICIES, policy)
    _check_metadata(settings)
    _check_variables(settings)
    _check_tolerations(settings)
    _check_affinity(settings)
    _check_user(settings)
    _check_dropped(settings)


def _check_metadata(settings: Settings) -> None:
    labels = part(settings.message, "podMetadata", "labels")
    annotations = part(settings.message, "podMetadata", "annotations")
    selector = part(settings.message, "nodeSelector", "labels")
    for what, place, entries in (
        ("label", ("podMetadata", "labels"), labels),
        ("annotation", ("podMetadata", "annotations"), annotations),
        ("node selector", ("nodeSelector", "labels"), selector),
    ):
        for key, value in entries.items():
            path = settings.at(*place, key)
            settings.judge("bad-label", path, f"a key of a {what}: ", check_key, key)
            if what != "annotation":
                settings.judge("bad-label", path, "", check_label_value, str(value))


def _check_variables(settings: Settings) -> None:
    for path, name in _variables(settings):
        settings.judge("bad-env-name", path, "", _check_env_name, name)
    for number, item in enumerate(settings.message.get("fieldPathAsEnv", ())):
        path = settings.at("fieldPathAsEnv", number)
        settings.judge(
            "bad-platform-value",
            (*path, "fieldPath") if "fieldPath" in item else path,
            "",
            check_field_path,
            item.get("fieldPath", ""),
        )


def _check_env_name(name: str) -> None:
    try:
        check_env_name(name)
    except BadValueError as error:
        raise BadValueError(f"{error}: {ENV_NAME}") from None


def _variables(settings: Settings) -> Iterator[tuple[Path, str]]:
    for group in ("secretAsEnv", "configMapAsEnv"):
        for number, source in enumerate(settings.message.get(group, ())):
            for at, item in enumerate(source.get("keyToEnv", ())):
                path = settings.at(group, number, "keyToEnv", at)
                yield (*path, "envVar") if "envVar" in item else path, item.get("envVar", "")
    for number, item in enumerate(settings.message.get("fieldPathAsEnv", ())):
        path = settings.at("fieldPathAsEnv", number)
        yield (*path, "name") if "name" in item else path, item.get("name", "")


def _check_tolerations(settings: Settings) -> None:
    for number, item in enumerate(settings.message.get("tolerations", ())):
        if "tolerationJson" in item:
            continue
        path = settings.at("tolerations", number)
        operator = item.get("operator") or "Equal"
        for name, what, known in (
            ("operator", "operator of a toleration", _TOLERATION_OPERATORS),
            ("effect", "effect of a taint", _EFFECTS),
        ):
            if item.get(name):
                settings.choose("bad-platform-value", (*path, name), what, known, item[name])
        wrong = ""
        if not item.get("key") and operator != "Exists":
            wrong = "without a key needs the operator Exists"
        elif item.get("value") and operator == "Exists":
            wrong = "with the operator Exists cannot have a value"
        elif "tolerationSeconds" in item and item.get("effect") != "NoExecute":
            wrong = "for some seconds needs the effect NoExecute"
        if wrong:
            settings.report.add(
                "bad-platform-value",
                path,
                f"a toleration {wrong}; {_REFUSED}",
                "correct the toleration",
            )


def _check_affinity(settings: Settings) -> None:
    for number, term in enumerate(settings.message.get("nodeAffinity", ())):
        for group in ("matchExpressions", "matchFields"):
            for at, item in enumerate(term.get(group, ())):
                path = settings.at("nodeAffinity", number, group, at)
                operator = item.get("operator", "")
                settings.choose(
                    "bad-platform-value",
                    (*path, "operator") if operator else path,
                    "operator of a node selector",
                    _SELECTOR_OPERATORS,
                    operator,
                )
        weight = term.get("weight")
        if weight is not None and not 1 <= weight <= 100:
            settings.report.add(
                "bad-platform-value",
                settings.at("nodeAffinity", number, "weight"),
                f"the weight {weight} is not between 1 and 100; {_REFUSED}",
                "give a weight from 1 to 100",
            )


def _check_user(settings: Settings) -> None:
    context = part(settings.message, "securityContext")
    if context.get("runAsNonRoot") and context.get("runAsUser") == 0:
        settings.report.add(
            "bad-platform-value",
            settings.at("securityContext", "runAsUser"),
            "user 0 is root, and `runAsNonRoot` forbids root; KFP refuses to create a run",
            "name another user, or leave `runAsNonRoot` out",
        )


_DROPPED: Mapping[str, tuple[str, str]] = {
    "enabledSharedMemory": (
        "shared memory",
        "mount it: `emptyDirMounts: [{volumeName: shm, mountPath: /dev/shm, medium: Memory}]`",
    ),
    "podAffinity": ("an affinity between pods", "use `nodeAffinity` or `nodeSelector`"),
}


def _check_dropped(settings: Settings) -> None:
    for name, (what, instead) in _DROPPED.items():
        if settings.message.get(name):
            settings.report.add(
                "dropped-option",
                settings.at(name),
                f"KFP's backend does not implement {what}: `{name}` is dropped without a word",
                instead,
            )
    seconds = settings.message.get("activeDeadlineSeconds", 1)
    if seconds <= 0:
        settings.report.add(
            "dropped-option",
            settings.at("activeDeadlineSeconds"),
            f"a time limit of {seconds} seconds is dropped without a word",
            "give a number above 0, or leave it out",
        )


def check_amount(settings: Settings, path: Path, what: str, value: str) -> None:
    """Check an amount of storage."""
    try:
        parse_quantity(value)
    except BadValueError as error:
        reason, remedy = split_reason(error)
        settings.report.add(
            "bad-quantity", path, f"{what}: {reason}; the step fails when it starts", remedy
        )
