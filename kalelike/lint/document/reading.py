"""YAML text to JSON values, with the line of every key: as KFP's API server reads it.

The text is composed to nodes and not loaded, so that equal keys are seen
(PyYAML's loader keeps the last one) and every finding can be shown at its
line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import CompileError
from kalelike.lint.document.findings import Path
from kalelike.lint.document.scalars import Changed, resolve_plain
from kalelike.lint.document.schema import snake_case

if TYPE_CHECKING:
    import yaml

LARGEST_UPLOAD = 32 * 1024 * 1024
"""KFP's API server takes no larger file."""

_DEEPEST = 200
_MOST_VALUES = 1_000_000
_MOST_REPETITION = 10
_LIBYAML_TOO_DEEP = "maximum nesting depth"
_PLAIN = "plain"
KEY_NOT_TEXT = "key-not-text"
"""A complaint that holds for pipelines alone: platform documents go through a
converter that makes text of such keys."""
_MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that is wrong with the YAML itself, at a path of its document."""

    code: str
    path: Path
    message: str
    hint: str
    node: yaml.Node


@dataclass(slots=True)
class Document:
    """One document of the stream: its value as JSON, and its nodes for positions."""

    value: object
    node: yaml.Node
    complaints: list[Complaint] = field(default_factory=list)
    _keys: dict[int, dict[str, tuple[yaml.Node, yaml.Mark]]] = field(default_factory=dict)

    def position(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Return line (from 1) and column (from 0) of the key or item at ``path``.

        A path that leads further than the document stands for its last
        existing part. Keys are found in protobuf's either spelling.
        """
        node, mark = self.node, self.node.start_mark
        for step in path:
            found = self._child(node, step)
            if found is None:
                break
            node, mark = found
        return mark.line + 1, mark.column

    def _child(self, node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Mark] | None:
        """Return the value under a key or at a position, and where the key or item stands."""
        import yaml

        if isinstance(step, int):
            if isinstance(node, yaml.SequenceNode) and step < len(node.value):
                item = node.value[step]
                return item, item.start_mark
            return None
        if not isinstance(node, yaml.MappingNode):
            return None
        keys = self._keys.get(id(node))
        if keys is None:
            keys = self._keys[id(node)] = _places_of(node)
        return keys.get(step) or keys.get(snake_case(step))


def read_documents(text: str, source: str) -> list[Document]:
    """Read a stream of YAML documents; empty documents are left out.

    Raises ``CompileError`` for text that is too large, is not YAML, nests or
    repeats itself without end, or holds no document at all.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LARGEST_UPLOAD:
        raise _refuse(
            "document-too-large",
            f"the document has {size:,} bytes; KFP takes {LARGEST_UPLOAD:,}",
            Location(source),
            "split the pipeline, or keep code and data out of the document",
        )
    documents = []
    for node in _compose(text, source):
        _guard(node, source)
        builder = _Builder()
        value = builder.build(node, ())
        if value is not None:
            documents.append(Document(value, node, builder.complaints))
    if not documents:
        raise _refuse(
            "not-a-pipeline", "the file is empty", Location(source, line=1), "compile the pipeline"
        )
    return documents


def _compose(text: str, source: str) -> list[yaml.Node]:
    import yaml

    try:
        return list(yaml.compose_all(text, Loader=_node_loader()))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        place = Location(source)
        if mark is not None:
            place = place.at(mark.line + 1, mark.column)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        if _LIBYAML_TOO_DEEP in problem:
            raise _too_deep(place) from error
        raise _refuse(
            "not-yaml", f"the file is not YAML: {problem}", place, "correct the file at this place"
        ) from error
    except UnicodeEncodeError as error:
        raise _refuse(
            "not-yaml",
            "the text holds half a character (a lone surrogate)",
            Location(source),
            "write the file as UTF-8",
        ) from error
    except RecursionError as error:
        raise _too_deep(Location(source)) from error


def _node_loader() -> Any:
    """Return a loader that composes nodes in C where possible and resolves no tags.

    Only plain and quoted scalars must be told apart here: what a plain one
    means is Go's to say (``scalars``), not PyYAML's.
    """
    import yaml
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class TagLess:
        def resolve(self, kind: type[yaml.Node], _value: object, implicit: Any) -> str:
            return _PLAIN if kind is yaml.ScalarNode and implicit[0] else "quoted"

        def descend_resolver(self, *_: object) -> None: ...

        def ascend_resolver(self) -> None: ...

    if yaml.__with_libyaml__:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]

        return type("NodeLoader", (CParser, TagLess), {})

    def start(self: Any, stream: str) -> None:
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)

    return type("NodeLoader", (TagLess, Reader, Scanner, Parser, Composer), {"__init__": start})


def _guard(root: yaml.Node, source: str) -> None:
    """Refuse what would never end: self-containing, very deep, or exploding aliases.

    Counts what the aliases expand to without expanding them; Go's decoder
    refuses such documents too ("excessive aliasing").
    """
    import yaml

    weight: dict[int, int] = {}
    depth: dict[int, int] = {}
    open_nodes: set[int] = set()
    written = 0
    stack: list[tuple[yaml.Node, bool]] = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        key = id(node)
        if not leaving:
            if key in weight:
                continue
            if key in open_nodes:
                place = Location(source, line=node.start_mark.line + 1)
                raise _refuse(
                    "document-unsafe", "a value contains itself", place, "remove the alias (`*…`)"
                )
            open_nodes.add(key)
            stack.append((node, True))
            stack.extend(
                (child, False)
                for child in _children(node)
                if isinstance(child, yaml.CollectionNode)
            )
            continue
        open_nodes.discard(key)
        children = list(_children(node))
        written += len(children)
        weight[key] = 1 + sum(weight.get(id(child), 1) for child in children)
        depth[key] = 1 + max((depth.get(id(child), 0) for child in children), default=0)
    if depth[id(root)] > _DEEPEST:
        raise _too_deep(Location(source, line=root.start_mark.line + 1))
    expanded = weight[id(root)]
    if expanded > _MOST_VALUES and expanded > _MOST_REPETITION * written:
        raise _refuse(
            "document-unsafe",
            f"aliases (`*…`) make {expanded:,} values of {written:,}",
            Location(source, line=root.start_mark.line + 1),
            "write the values out, or use fewer aliases",
        )


class _Builder:
    """Makes JSON values of nodes; a shared node becomes one shared value."""

    def __init__(self) -> None:
        self.complaints: list[Complaint] = []
        self._built: dict[int, object] = {}

    def build(self, node: yaml.Node, path: Path) -> object:
        import yaml

        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        known = self._built.get(id(node))
        if known is None:
            if isinstance(node, yaml.SequenceNode):
                known = [self.build(item, (*path, n)) for n, item in enumerate(node.value)]
            else:
                known = self._mapping(node, path)
            self._built[id(node)] = known
        return known

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, object]:
        import yaml

        result: dict[str, object] = {}
        merged: dict[str, object] = {}
        first: dict[str, yaml.Node] = {}
        for key_node, value_node in node.value:
            if _is_merge(key_node):
                self._merge(value_node, path, merged)
                continue
            key = self._key(key_node, path)
            if not isinstance(key_node, yaml.ScalarNode):
                continue
            if key in first:
                self._note(
                    "duplicate-key",
                    (*path, key),
                    f"`{key}` is given twice, first in line {first[key].start_mark.line + 1};"
                    " KFP refuses the whole file",
                    "keep one of the two",
                    key_node,
                )
            first.setdefault(key, key_node)
            result[key] = self.build(value_node, (*path, key))
        for key, value in merged.items():
            result.setdefault(key, value)
        return result

    def _key(self, node: yaml.Node, path: Path) -> str:
        """Return a key as text; Go's decoder leaves other keys unconvertible to JSON."""
        import yaml

        if not isinstance(node, yaml.ScalarNode):
            written = "a list or mapping"
        else:
            value = resolve_plain(node.value) if node.tag == _PLAIN else node.value
            # Go's map[string]any takes any scalar for a key of the top level.
            if isinstance(value, str) or not path:
                return str(node.value)
            written = f"`{node.value}`"
        self._note(
            KEY_NOT_TEXT,
            path,
            f"{written} is used as a key, and only text can be one; KFP refuses the whole file",
            "write the key in quotes",
            node,
        )
        return str(node.value)

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        if node.tag != _PLAIN:
            return _tagged(node)
        value = resolve_plain(node.value)
        if isinstance(value, Changed):
            self._note(
                "reinterpreted-scalar",
                path,
                f"{value.written} stands without quotes and is read as a time: it becomes"
                f' "{value.value}"',
                f'write "{value.written}" in quotes',
                node,
            )
            return value.value
        if isinstance(value, float) and not math.isfinite(value):
            self._note(
                "bad-field-value",
                path,
                f"{node.value} is a number that JSON does not have; KFP cannot read the document",
                "write it in quotes, where text is meant",
                node,
            )
        return value

    def _merge(self, node: yaml.Node, path: Path, into: dict[str, object]) -> None:
        import yaml

        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            value = self.build(part, path)
            if isinstance(value, dict):
                for key, item in value.items():
                    into.setdefault(key, item)

    def _note(self, code: str, path: Path, message: str, hint: str, node: yaml.Node) -> None:
        self.complaints.append(Complaint(code, path, message, hint, node))


def _tagged(node: yaml.Node) -> object:
    """Return a quoted scalar, or one with a tag of YAML's own: ``!!int "5"`` is five."""
    kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
    if kind in ("int", "float", "bool", "null"):
        value = resolve_plain(node.value)
        return node.value if isinstance(value, Changed) else value
    return node.value


def _is_merge(node: yaml.Node) -> bool:
    return bool(node.tag == _PLAIN and node.value == _MERGE)


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    import yaml

    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _places_of(node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Mark]]:
    """Return where each key of a mapping stands; the last of equal keys holds, and so is shown."""
    import yaml

    own: dict[str, tuple[yaml.Node, yaml.Mark]] = {}
    merged: dict[str, tuple[yaml.Node, yaml.Mark]] = {}
    for key, value in node.value:
        if _is_merge(key):
            for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(part, yaml.MappingNode):
                    merged = {**_places_of(part), **merged}
        elif isinstance(key, yaml.ScalarNode):
            own[key.value] = (value, key.start_mark)
    return {**merged, **own}


def _too_deep(place: Location) -> CompileError:
    return _refuse(
        "document-unsafe",
        f"values are nested more than {_DEEPEST} levels deep",
        place,
        "flatten the value",
    )


def _refuse(code: str, message: str, place: Location, hint: str) -> CompileError:
    return CompileError([diagnose(code, message, place, hint)])
