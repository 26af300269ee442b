"""What IPython removes from a cell before it looks for magics: indentation and pasted prompts.

The rules are those of IPython 9.18 (``IPython.core.inputtransformer2``), written
anew so that compiling need not import IPython; the tests compare both.
"""

from __future__ import annotations

import re
from textwrap import dedent

_FIRST_PROMPT = re.compile(r"((\[nav\]|\[ins\])? )?In \[\d+\]: ")
_LATER_PROMPT = re.compile(r"\s*\.{3,}: ?")
_DOCTEST = re.compile(r"\s*>>>[ \t]?")
_DOCTEST_LATER = re.compile(r"\s*\.\.\.[ \t]?")
_TRIPLE_QUOTE = re.compile(r"(?<!\\)(\"\"\"|''')")
_STRING_PREFIX = re.compile(r"[rubfRUBF]*")


def may_be_rewritten(source: str) -> bool:
    """Tell whether IPython may change ``source`` although it is valid Python.

    It may in two cases only: text that looks like a prompt (even inside a
    string), and whitespace-only lines, which it empties (even inside a string).
    """
    if ">>>" in source or "...:" in source or "In [" in source:
        return True
    if '"""' in source or "'''" in source or "\\\n" in source:
        return "\n " in source or "\n\t" in source
    return False


def clean_lines(lines: list[str]) -> list[str]:
    """Return the lines of a cell (line ends kept) without common indentation and prompts.

    The first line must not be blank. The number of lines stays the same.
    """
    lines = dedent("".join(lines)).splitlines(keepends=True)
    return _strip_prompts(_strip_doctest(lines))


def _strip_prompts(lines: list[str]) -> list[str]:
    """Strip ``In [1]:`` and ``...:`` if they begin the first or the second line."""
    if any(_after_prompt(line) != line for line in lines[:2]):
        return [_after_prompt(line) for line in lines]
    return lines


def _after_prompt(line: str) -> str:
    match = _FIRST_PROMPT.match(line) or _LATER_PROMPT.match(line)
    return line[match.end() :] if match else line


def _strip_doctest(lines: list[str]) -> list[str]:
    """Strip ``>>>`` and ``...`` if there is a ``>>>`` outside strings that begin a statement."""
    if not any(_DOCTEST.match(line) for line in lines):
        return lines
    kept = _lines_in_strings(lines)
    if not any(_DOCTEST.match(line) for line, keep in zip(lines, kept, strict=True) if not keep):
        return lines
    result: list[str] = []
    segment: list[str] = []
    stripped = False
    for line, keep in zip(lines, kept, strict=True):
        if keep:
            result += _dedented(segment, stripped)
            result.append(line)
            segment, stripped = [], False
            continue
        short = _after_doctest(line)
        stripped = stripped or short != line
        segment.append(short)
    return result + _dedented(segment, stripped)


def _after_doctest(line: str) -> str:
    match = _DOCTEST.match(line) or _DOCTEST_LATER.match(line)
    return line[match.end() :] if match else line


def _dedented(segment: list[str], stripped: bool) -> list[str]:
    return dedent("".join(segment)).splitlines(keepends=True) if stripped else segment


def _lines_in_strings(lines: list[str]) -> list[bool]:
    """Tell of each line whether it stands in a triple-quoted string that begins a statement.

    As in IPython, this is a heuristic of its own, and not Python's grammar: a
    string after ``x =``, or one opened on a prompted line, does not count.
    """
    kept: list[bool] = []
    quote, keep, prompted = "", False, False
    for line in lines:
        kept.append(bool(quote) and keep)
        for match in _TRIPLE_QUOTE.finditer(line):
            if not quote:
                quote = match.group(1)
                before = line[: match.start()]
                bare = _without_both(before)
                keep = not (prompted and bare != before) and bool(
                    _STRING_PREFIX.fullmatch(bare.strip())
                )
                kept[-1] = keep
            elif quote == match.group(1):
                quote, keep = "", False
        prompted = prompted or bool(_DOCTEST.match(line))
    return kept


def _without_both(text: str) -> str:
    for prompt in (_DOCTEST, _DOCTEST_LATER):
        match = prompt.match(text)
        text = text[match.end() :] if match else text
    return text
