"""The values that options can have: what Kubernetes and KFP let stand.

Each ``check_…`` returns nothing and raises :class:`BadValueError`, whose text
says what is wanted. The backend accepts most bad values at first and fails in
the middle of the run, so all are checked here.
"""

from __future__ import annotations

import re

MOST_TEXT = 4096
MOST_LINE = 200
LONGEST_SECONDS = 2**31 - 1

_QUANTITY = re.compile(
    r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]{1,2})?"
)
_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgtKMGT])[iI]?[bB]?")
_SCALE = {"m": 0.001, "": 1.0} | {
    suffix + tail: float(base**power)
    for base, tail, suffixes in ((1000, "", "kMGTPE"), (1024, "i", "KMGTPE"))
    for power, suffix in enumerate(suffixes, 1)
}
_DURATION = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s?)?")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_ENV = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,510}")
_KERNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_REQUIREMENT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\s*([\[(<>=!~;@ ].*)?")
_FIELD = re.compile(
    r"metadata\.(name|namespace|uid)|metadata\.(labels|annotations)\['[^']+'\]"
    r"|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs)"
)


class BadValueError(ValueError):
    """A value cannot be used; the text says what is wanted."""


def parse_duration(text: str) -> int:
    """Return the seconds of ``90``, ``90s``, ``5m``, ``1h30m`` or ``2d``."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()) or len(text) > 30:
        raise BadValueError(f"{text!r} is no duration: write whole numbers, as 90s, 5m, 1h30m, 2d")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total > LONGEST_SECONDS:
        raise BadValueError(f"{text!r} is longer than {LONGEST_SECONDS} seconds")
    return total


def quantity_value(text: str) -> float:
    """Return the number that a Kubernetes quantity stands for."""
    match = _QUANTITY.fullmatch(text)
    if match is None or len(text) > 40:
        slip = _BYTES.fullmatch(text)
        wanted = "write 500m or 2 for CPU, 512Mi or 4Gi for memory"
        if slip is not None:
            wanted = f"did you mean `{slip.group(1)}{slip.group(2).upper()}i`?"
        raise BadValueError(f"{text!r} is no Kubernetes quantity: {wanted}")
    number, suffix = match.group(1), match.group(2) or ""
    return float(number) * _SCALE[suffix] if suffix in _SCALE else float(number + suffix)


def check_cpu(text: str) -> None:
    """Allow CPU amounts: ``2``, ``0.5``, ``500m``."""
    if quantity_value(text) <= 0 or not (text[-1].isdigit() or text[-1] in "m."):
        raise BadValueError(f"{text!r} is no amount of CPU: write 2, 0.5 or 500m")


def check_memory(text: str) -> None:
    """Allow amounts of bytes: ``512Mi``, ``4Gi``, ``1e9``; a thousandth of a byte is a slip."""
    value = quantity_value(text)
    if text.endswith("m") and not text.endswith("Em"):
        raise BadValueError(f"{text!r} is thousandths of a byte: did you mean `{text[:-1]}Mi`?")
    if value < 1:
        raise BadValueError(f"{text!r} is no amount of memory: write 512Mi or 4Gi")


def check_count(text: str) -> None:
    """Allow a whole number of accelerators; 0 undoes a default."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,3}", text):
        raise BadValueError(f"{text!r} is no number of accelerators: write 1, 2, …")


def check_accelerator(text: str) -> None:
    """Allow the name of an extended resource, such as ``nvidia.com/gpu``."""
    if "/" not in text:
        raise BadValueError(f"{text!r} is no accelerator: write its full name, as nvidia.com/gpu")
    check_key(text)


def check_seconds(value: int) -> None:
    """Allow times from one second on."""
    if not 0 < value <= LONGEST_SECONDS:
        raise BadValueError(f"it has to be from 1 to {LONGEST_SECONDS} seconds")


def check_wait(value: int) -> None:
    """Allow times, zero included."""
    if not 0 <= value <= LONGEST_SECONDS:
        raise BadValueError(f"it has to be from 0 to {LONGEST_SECONDS} seconds")


def check_retries(value: int) -> None:
    """Allow numbers of retries."""
    if not 0 <= value <= 1000:
        raise BadValueError("it has to be a whole number from 0 to 1000")


def check_factor(value: int) -> None:
    """Allow the factor of a back-off; the backend takes whole numbers only."""
    if not 1 <= value <= 1000:
        raise BadValueError("it has to be a whole number from 1 to 1000")


def check_user(value: int) -> None:
    """Allow numbers of users and groups."""
    if not 0 <= value < 2**31:
        raise BadValueError("it has to be a whole number from 0 to 2147483647")


def check_env_name(text: str) -> None:
    """Allow names of environment variables."""
    if not _ENV.fullmatch(text) or text.startswith("..") or text == "." or len(text) > 253:
        raise BadValueError(f"{text!r} cannot be the name of an environment variable")


def check_object_name(text: str) -> None:
    """Allow names of secrets, config maps, claims and storage classes (DNS subdomains)."""
    if not _SUBDOMAIN.fullmatch(text) or len(text) > 253:
        raise BadValueError(
            f"{text!r} cannot name a Kubernetes object: use a-z, 0-9, `-` and `.`, "
            "beginning and ending with a letter or digit"
        )


def check_volume_name(text: str) -> None:
    """Allow names of a pod's volumes (DNS labels)."""
    if not _LABEL.fullmatch(text):
        raise BadValueError(
            f"{text!r} cannot name a volume: use a-z, 0-9 and `-`, at most 63 characters, "
            "beginning and ending with a letter or digit"
        )


def check_data_key(text: str) -> None:
    """Allow keys inside a secret or a config map."""
    if not _DATA_KEY.fullmatch(text) or text in (".", ".."):
        raise BadValueError(f"{text!r} cannot be a key: use letters, digits, `-`, `_` and `.`")


def check_key(text: str) -> None:
    """Allow keys of labels, annotations and node selectors: ``[PREFIX/]NAME``."""
    prefix, slash, name = text.rpartition("/")
    if not _QUALIFIED.fullmatch(name) or (slash and not _SUBDOMAIN.fullmatch(prefix)):
        raise BadValueError(
            f"{text!r} cannot be a key: write NAME or example.com/NAME, with letters, digits, "
            "`-`, `_` and `.`, at most 63 of them"
        )
    if len(prefix) > 253:
        raise BadValueError(f"the prefix of the key {text[:40]!r}… is longer than 253 characters")


def check_label_value(text: str) -> None:
    """Allow values of labels and node selectors."""
    if text and not _QUALIFIED.fullmatch(text):
        raise BadValueError(
            f"{text!r} cannot be a label's value: use at most 63 letters, digits, `-`, `_` and "
            "`.`, beginning and ending with a letter or digit; other texts fit an annotation"
        )


def check_text(text: str) -> None:
    """Allow texts up to a length."""
    if len(text) > MOST_TEXT or "\0" in text:
        raise BadValueError(f"it has to be a text of at most {MOST_TEXT} characters")


def check_line(text: str) -> None:
    """Allow one line of printable text that is not blank."""
    if not text.strip() or not text.isprintable() or len(text) > MOST_LINE:
        raise BadValueError(f"it has to be one line of at most {MOST_LINE} printable characters")


def check_image(text: str) -> None:
    """Allow references to container images."""
    if not _IMAGE.fullmatch(text) or "//" in text or text.endswith((":", "/", "@")):
        raise BadValueError(f"{text!r} is no image: write NAME, REGISTRY/NAME:TAG or NAME@sha256:…")


def check_kernel(text: str) -> None:
    """Allow names of Jupyter kernels."""
    if not _KERNEL.fullmatch(text):
        raise BadValueError(f"{text!r} cannot be a kernel's name")


def check_requirement(text: str) -> None:
    """Allow requirements such as ``pandas>=2``, and nothing that pip takes for an option."""
    if not _REQUIREMENT.fullmatch(text) or not text.isprintable() or len(text) > 500:
        raise BadValueError(f"{text!r} is no requirement: write a package, as pandas>=2")


def check_field_path(text: str) -> None:
    """Allow the pod's fields that Kubernetes can give as a variable."""
    if not _FIELD.fullmatch(text):
        raise BadValueError(
            f"{text!r} is no field of a pod that can be given: write metadata.name, "
            "metadata.labels['KEY'], spec.nodeName, status.podIP, …"
        )


def check_mount_path(text: str) -> None:
    """Allow absolute paths."""
    if not text.startswith("/") or ":" in text or not text.isprintable() or len(text) > 1024:
        raise BadValueError(f"{text!r} is no place to mount at: write an absolute path without `:`")
    if ".." in text.split("/") or text.strip("/") == "":
        raise BadValueError(f"{text!r} is no place to mount at: name a folder, without `..`")


def check_sub_path(text: str) -> None:
    """Allow relative paths inside a volume."""
    if not text or text.startswith("/") or ".." in text.split("/") or not text.isprintable():
        raise BadValueError(f"{text!r} is no path inside a volume: write it relative, without `..`")


def one_of(*known: str) -> _OneOf:
    """Return a check that allows the given texts."""
    return _OneOf(known)


class _OneOf:
    """A check for one of some texts; ``known`` holds them."""

    def __init__(self, known: tuple[str, ...]) -> None:
        self.known = known

    def __call__(self, text: str) -> None:
        if text not in self.known:
            raise BadValueError(f"{text!r} is none of {', '.join(self.known)}")
