"""Documents as YAML text.

A writer of our own: documents consist of JSON values only, a general YAML
library takes ten times as long for them, and writes equal parts as aliases.
What it writes is checked against PyYAML's reader by tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from kalelike.emit.document import Json, PipelineDocument

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")
# What YAML 1.1 takes for a boolean or null.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"})

# JSON leaves these as they are; YAML takes some for line breaks and refuses the others.
_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")

# A key longer than this has to be announced by `?`.
_LONGEST_KEY = 1000

_TYPES = {
    "NUMBER_INTEGER": "int",
    "NUMBER_DOUBLE": "float",
    "STRING": "str",
    "BOOLEAN": "bool",
    "LIST": "list",
    "STRUCT": "dict",
}
_LONGEST_DEFAULT = 60


def to_yaml(document: PipelineDocument) -> str:
    """Return a document as YAML text: the same text for the same document.

    The platform document, if there is one, follows as a second document. The
    comment at the top names the pipeline and its parameters; nothing that a
    user wrote can end it.
    """
    lines = [*_header(document.ir), *_block(document.ir, "")]
    if document.platform is not None:
        lines.append("---")
        lines.extend(_block(document.platform, ""))
    return "\n".join(lines) + "\n"


def _header(ir: Json) -> Iterator[str]:
    """The comment, in the form in which KFP's loader looks for a description."""
    info, root = ir.get("pipelineInfo"), ir.get("root")
    name = info.get("name", "") if isinstance(info, Mapping) else ""
    yield "# PIPELINE DEFINITION"
    yield f"# Name: {_visible(name)}"
    description = info.get("description") if isinstance(info, Mapping) else None
    if isinstance(description, str) and description.strip():
        first, *others = description.strip().splitlines()
        yield f"# Description: {_visible(first)}".rstrip()
        yield from (f"#              {_visible(line)}".rstrip() for line in others)
    inputs = root.get("inputDefinitions") if isinstance(root, Mapping) else None
    parameters = inputs.get("parameters") if isinstance(inputs, Mapping) else None
    if isinstance(parameters, Mapping) and parameters:
        yield "# Inputs:"
        yield from (_signature(key, item) for key, item in parameters.items())


def _signature(key: str, definition: object) -> str:
    stated = definition if isinstance(definition, Mapping) else {}
    kind = str(stated.get("parameterType"))
    line = f"#    {_visible(key)}: {_TYPES.get(kind, _visible(kind))}"
    if "defaultValue" not in stated:
        return line
    default = json.dumps(stated["defaultValue"])
    if len(default) > _LONGEST_DEFAULT:
        default = f"{default[:_LONGEST_DEFAULT]}…"
    return f"{line} [Default: {default}]"


def _visible(text: object) -> str:
    """Text for a comment: what is not printable (line breaks, too) is spelt out."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in str(text)
    )


def _block(value: Mapping[str, object], indent: str) -> Iterator[str]:
    """The lines of a mapping; small parts stand on one line."""
    for key, item in value.items():
        name = _text(key)
        if len(name) > _LONGEST_KEY:
            yield f"{indent}? {name}"
            yield f"{indent}: {_flow(item)}"
            continue
        short = _short(item, _WIDTH - len(indent) - len(name))
        if short is not None:
            yield f"{indent}{name}: {short}"
        elif isinstance(item, Mapping):
            yield f"{indent}{name}:"
            yield from _block(item, indent + "  ")
        elif isinstance(item, list):
            yield f"{indent}{name}:"
            yield from (f"{indent}- {_flow(entry)}" for entry in item)
        else:
            yield f"{indent}{name}: {_scalar(item)}"


def _short(value: object, room: int) -> str | None:
    """Return a value on one line, or None as soon as it needs more than ``room``."""
    if isinstance(value, Mapping):
        parts: Iterable[tuple[str, object]] = value.items()
        opening, closing = "{", "}"
    elif isinstance(value, list):
        parts = (("", item) for item in value)
        opening, closing = "[", "]"
    else:
        text = _scalar(value)
        return text if len(text) <= room else None
    texts = []
    room -= 2
    for key, item in parts:
        name = f"{_text(key)}: " if opening == "{" else ""
        text = _short(item, room - len(name)) or ""
        room -= len(name) + len(text) + 2
        if not text or room < 0:
            return None
        texts.append(name + text)
    return f"{opening}{', '.join(texts)}{closing}"


def _flow(value: object) -> str:
    """Return a value on one line, however long."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(_pair(key, item) for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return _scalar(value)


def _pair(key: str, item: object) -> str:
    name = _text(key)
    return f"? {name} : {_flow(item)}" if len(name) > _LONGEST_KEY else f"{name}: {_flow(item)}"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # YAML 1.1 knows a number with an exponent by its point.
        number = repr(value)
        return number if "." in number else number.replace("e", ".0e")
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"a document cannot hold a value of type {type(value).__name__}")


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
