"""Where IPython's syntax stands within one logical line, by Python's own tokenizer."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

_ESCAPES = frozenset("%!?,;/")
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_LAYOUT = frozenset({tokenize.INDENT, tokenize.DEDENT})
_PLAIN_STRING = re.compile(r"\"[^\"\\\n]*\"|'[^'\\\n]*'")
_NOT_PLAIN = re.compile(r"[\"'!?%]|\s*[,;/]")


@dataclass(frozen=True, slots=True)
class Special:
    """A candidate: ``kind`` is help, escape or assign; ``row`` and ``column`` are 0-based.

    ``row`` indexes the lines of the cell. ``last_row`` is the row of a trailing ``?``.
    """

    kind: str
    row: int
    column: int
    last_row: int


def is_plain_line(line: str) -> bool:
    """Tell whether ``line`` is surely a whole logical line without IPython syntax.

    It spares most lines the tokenizer; False only means that it has to look.
    """
    if not line.endswith("\n") or "\\" in line or '"""' in line or "'''" in line:
        return False
    bare = _PLAIN_STRING.sub("", line).partition("#")[0]
    if _NOT_PLAIN.match(bare) or any(mark in bare for mark in "\"'!?%"):
        return False
    return all(bare.count(left) == bare.count(right) for left, right in ("()", "[]", "{}"))


def find_specials(lines: list[str], row: int) -> tuple[list[Special], int]:
    """Find the candidates in the logical line that begins at ``lines[row]``.

    Return them, the one to try first at the front, and the row after the line.
    """
    tokens, after = _read_logical_line(lines, row)
    found = [
        Special(kind, row + token.start[0] - 1, token.start[1], row + last - 1)
        for kind, token, last in _candidates(tokens)
    ]
    return found, after


def _read_logical_line(lines: list[str], row: int) -> tuple[list[tokenize.TokenInfo], int]:
    tokens: list[tokenize.TokenInfo] = []
    depth = 0
    rest = (lines[index] for index in range(row, len(lines)))
    try:
        for token in tokenize.generate_tokens(rest.__next__):
            tokens.append(token)
            if token.type == tokenize.NEWLINE or (token.type == tokenize.NL and depth <= 0):
                return tokens, row + token.start[0]
            if token.type == tokenize.OP and token.string in _OPENING:
                depth += 1
            elif token.type == tokenize.OP and token.string in _CLOSING:
                depth = max(0, depth - 1)
    except tokenize.TokenError as error:
        if "EOF" not in str(error) and "triple-quoted" not in str(error):
            return tokens, row + (tokens[-1].start[0] if tokens else 1)
    except SyntaxError:  # an indentation that fits no block
        pass
    return tokens, len(lines)


def _candidates(
    tokens: list[tokenize.TokenInfo],
) -> Iterator[tuple[str, tokenize.TokenInfo, int]]:
    """Give each kind of syntax with its first token and last row, in order of precedence."""
    first = next((token for token in tokens if token.type not in _LAYOUT), None)
    if first is None:
        return
    if len(tokens) > 2 and tokens[-2].string == "?":
        yield "help", first, tokens[-2].start[0]
    if first.string in _ESCAPES:
        yield "escape", first, first.start[0]
    assigned = _assigned_special(tokens)
    if assigned is not None:
        yield "assign", assigned, assigned.start[0]


def _assigned_special(tokens: list[tokenize.TokenInfo]) -> tokenize.TokenInfo | None:
    """Return the ``%`` or ``!`` after the first ``=`` that is outside brackets."""
    index = _first_assignment(tokens)
    if index is None:
        return None
    after = tokens[index + 1 :]
    if len(after) > 1 and after[0].string == "%" and after[1].type == tokenize.NAME:
        return after[0]
    if tokens[index].line.strip().startswith("="):
        return None
    for token in after:
        if token.string == "!":
            return token
        if token.type != tokenize.ERRORTOKEN or not token.string.isspace():
            return None
    return None


def _first_assignment(tokens: list[tokenize.TokenInfo]) -> int | None:
    depth = 0
    for index, token in enumerate(tokens):
        if token.string == "=" and depth == 0:
            return index
        if token.string in _OPENING:
            depth += 1
        elif token.string in _CLOSING:
            depth = max(0, depth - 1)
    return None
