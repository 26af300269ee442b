"""The syntax of CEL, the Common Expression Language, as far as a check needs it.

A recursive-descent parser after the grammar of the CEL specification
(``doc/langdef.md``): it tells whether a text is an expression, and which
names the expression reads. Types are not inferred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""
    (?P<blank>(?:[ \t\r\n\f]|//[^\n]*)+)
  | (?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:\"\"\"[\s\S]*?(?<!\\)\"\"\"|'''[\s\S]*?(?<!\\)'''
        |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
  | (?P<number>(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
        |0[xX][0-9a-fA-F]+[uU]?|\d+[uU]?)
  | (?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
  | (?P<operator>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])
    """,
    re.VERBOSE,
)
_BAD_ESCAPE = re.compile(
    r"(?<!\\)(?:\\\\)*\\"
    r"(?![abfnrtv\\?\"'`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})"
)
_RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in"}
    | {"let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"}
)
_MACROS = frozenset({"all", "exists", "exists_one", "existsOne", "map", "filter"})
_RELATIONS = frozenset({"<", "<=", ">", ">=", "==", "!=", "in"})
_DEEPEST = 50


class CelSyntaxError(ValueError):
    """A text is no CEL expression; ``position`` counts from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class Selection:
    """A chain of fields and constant keys read from a name: ``inputs.parameter_values['x']``.

    ``steps`` holds field names and, as one-item tuples, constant text keys;
    it ends where the expression does something else with the value.
    """

    root: str
    steps: tuple[str | tuple[str], ...]


@dataclass(slots=True)
class Expression:
    """What an expression reads and calls.

    ``guarded`` tells that a part of it may go unevaluated or tests presence
    (``||``, ``&&``, ``?:``, ``has``, ``in``), so that a missing key need not fail it.
    """

    selections: list[Selection] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    guarded: bool = False


@dataclass(slots=True)
class _Value:
    """A parsed operand: a chain still growing, or a constant text, or anything else."""

    root: str | None = None
    steps: tuple[str | tuple[str], ...] = ()
    text: str | None = None
    is_field: bool = False


class _TooDeepError(Exception):
    pass


def parse_expression(text: str) -> Expression:
    """Parse a CEL expression; raises ``CelSyntaxError``.

    An expression that is nested deeper than anybody writes is not judged:
    nothing is known of the result, and all of it counts as guarded.
    """
    parser = _Parser(text)
    try:
        parser.keep(parser.expression())
        parser.expect("")
    except _TooDeepError:
        return Expression(guarded=True)
    return parser.result


class _Parser:
    def __init__(self, text: str) -> None:
        self.result = Expression()
        self._tokens = list(_tokenize(text))
        self._at = 0
        self._depth = 0
        self._bound: list[str] = []

    def expression(self) -> _Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _TooDeepError
        value = self._or()
        if self._take("?"):
            self.result.guarded = True
            self.keep(value)
            self.keep(self._or())
            self.expect(":")
            self.keep(self.expression())
            value = _Value()
        self._depth -= 1
        return value

    def keep(self, value: _Value) -> None:
        """Note a finished chain, unless it starts at a variable of a macro."""
        if value.root is not None and value.root not in self._bound:
            self.result.selections.append(Selection(value.root, value.steps))

    def expect(self, token: str) -> None:
        if not self._take(token):
            found = self._tokens[self._at][1] or "the end"
            wanted = f"`{token}`" if token else "the end"
            raise CelSyntaxError(f"`{found}` stands where {wanted} belongs", self._position())

    def _or(self) -> _Value:
        return self._chain(("||",), lambda: self._chain(("&&",), self._relation, True), True)

    def _relation(self) -> _Value:
        return self._chain(
            tuple(_RELATIONS),
            lambda: self._chain(("+", "-"), lambda: self._chain(("*", "/", "%"), self._unary)),
        )

    def _chain(self, operators: tuple[str, ...], operand: object, guards: bool = False) -> _Value:
        assert callable(operand)
        value: _Value = operand()
        while self._peek() in operators and self._kind() != "string":
            if guards or self._peek() == "in":
                self.result.guarded = True
            self._at += 1
            self.keep(value)
            self.keep(operand())
            value = _Value()
        return value

    def _unary(self) -> _Value:
        sign = self._peek() if self._kind() == "operator" else ""
        if sign in ("!", "-"):
            while self._take(sign):
                pass
            self.keep(self._member())
            return _Value()
        return self._member()

    def _member(self) -> _Value:
        value = self._primary()
        while self._kind() == "operator" and self._peek() in (".", "[", "{"):
            if self._take("."):
                value = self._select(value)
            elif self._take("["):
                self._take("?")
                key = self.expression()
                self.keep(key)
                self.expect("]")
                value = self._index(value, key)
            elif value.root is not None:
                self._at += 1
                self._entries("}", names=True)
                value = _Value()
            else:
                break
        return value

    def _select(self, value: _Value) -> _Value:
        self._take("?")
        name = self._name()
        if self._take("("):
            if name in _MACROS:
                self.keep(value)
                self._macro()
            else:
                self.result.functions.add(name)
                self.keep(value)
                self._arguments()
            return _Value()
        if value.root is None:
            return _Value(is_field=True)
        return _Value(value.root, (*value.steps, name), is_field=True)

    def _index(self, value: _Value, key: _Value) -> _Value:
        if value.root is not None and key.text is not None:
            return _Value(value.root, (*value.steps, (key.text,)))
        self.keep(value)
        return _Value()

    def _macro(self) -> None:
        """Read ``x.all(v, …)``: the first argument binds a name for the others."""
        self._bound.append(self._name())
        while self._take(","):
            self.keep(self.expression())
        self.expect(")")
        self._bound.pop()

    def _primary(self) -> _Value:
        kind, token, position = self._tokens[self._at]
        if kind == "string":
            self._at += 1
            return _Value(text=_text_of(token, position))
        if kind == "number":
            self._at += 1
            return _Value()
        if self._take("("):
            value = self.expression()
            self.expect(")")
            return value
        if self._take("["):
            self._entries("]", names=False)
            return _Value()
        if self._take("{"):
            self._entries("}", names=False, pairs=True)
            return _Value()
        self._take(".")
        if kind == "name" and token in ("true", "false", "null"):
            self._at += 1
            return _Value()
        if self._kind() != "name":
            found = token or "the end"
            raise CelSyntaxError(f"`{found}` stands where a value belongs", position)
        name = self._name()
        if self._take("("):
            self.result.functions.add(name)
            if name == "has":
                self._presence()
            else:
                self._arguments()
            return _Value()
        return _Value(name)

    def _presence(self) -> None:
        """Read ``has(x.y)``, which takes a field and nothing else."""
        self.result.guarded = True
        position = self._position()
        value = self.expression()
        if not value.is_field:
            raise CelSyntaxError("`has` takes a field, as in `has(x.y)`", position)
        self.keep(value)
        self.expect(")")

    def _arguments(self) -> None:
        if not self._take(")"):
            self.keep(self.expression())
            while self._take(","):
                self.keep(self.expression())
            self.expect(")")

    def _entries(self, end: str, names: bool, pairs: bool = False) -> None:
        while not self._take(end):
            self._take("?")
            if names:
                self._name()
            else:
                self.keep(self.expression())
            if names or pairs:
                self.expect(":")
                self.keep(self.expression())
            if not self._take(","):
                self.expect(end)
                return

    def _name(self) -> str:
        kind, token, position = self._tokens[self._at]
        if kind != "name" or token in _RESERVED:
            raise CelSyntaxError(f"`{token or 'the end'}` is no name", position)
        self._at += 1
        return token

    def _take(self, token: str) -> bool:
        kind, found, _ = self._tokens[self._at]
        if found == token and kind != "string":
            self._at += 1
            return True
        return False

    def _peek(self) -> str:
        return self._tokens[self._at][1]

    def _kind(self) -> str:
        return self._tokens[self._at][0]

    def _position(self) -> int:
        return self._tokens[self._at][2]


def _tokenize(text: str) -> Iterator[tuple[str, str, int]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise CelSyntaxError(f"`{text[position]}` is no part of an expression", position)
        if match.lastgroup != "blank":
            yield str(match.lastgroup), match[0], position
        position = match.end()
    yield "end", "", position


def _text_of(literal: str, position: int) -> str:
    """Return the text of a string literal; escapes other than of quotes stay as written."""
    body = literal.lstrip("rRbB")
    raw = "r" in literal[: len(literal) - len(body)].lower()
    width = 3 if body[:3] in ('"""', "'''") else 1
    inner = body[width:-width]
    if raw:
        return inner
    if _BAD_ESCAPE.search(inner):
        raise CelSyntaxError("the text has a backslash that escapes nothing", position)
    return re.sub(r"\\([\\\"'`?])", r"\1", inner)
