"""IPython's own syntax in a cell, found without importing IPython.

The rules are those of IPython 9.18 (``IPython.core.inputtransformer2``), which
turns ``%x``, ``!x`` and ``x?`` into calls of ``get_ipython()``. Here they become
calls of ``__magic__``, and every line keeps its number, so that what is said
about the result points at the user's own line.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache

from kalelike.notebook.ipython_prompts import clean_lines, may_be_rewritten
from kalelike.notebook.ipython_tokens import Special, find_specials, is_plain_line

PYTHON_BODIED = frozenset(
    ("capture", "debug", "memit", "prun", "pyinstrument", "scalene", "snakeviz", "time", "timeit")
)
"""Cell magics that run their body as Python in the notebook's own namespace."""

_AUTOMAGIC_NAMES = """
alias autocall autosave bookmark cat cd clear colors conda config cp debug dhist dirs ed
edit env gui hist history killbgscripts ldir less lf lk ll load load_ext ls lsmagic lx macro
magic mamba man matplotlib micromamba mkdir more mv notebook page pastebin pdb pdef pdoc
pfile pinfo pinfo2 pip popd pprint precision prun psearch psource pushd pwd pycat pylab
quickref recall rehashx reload_ext rep rerun reset reset_selective rm rmdir run save sc
set_env sx system tb time timeit unalias unload_ext uv who who_ls whos xdel xmode
"""
AUTOMAGICS = frozenset(_AUTOMAGIC_NAMES.split())
"""Line magics that IPython also runs without ``%``, in a cell of one line."""

_NEST_LIMIT = 20
_TRANSFORM_LIMIT = 499  # at the 500th, IPython gives up on the cell
_NEWLINE = re.compile(r"\r\n|\r|\n")
_AUTOMAGIC = re.compile(r"(\w+)(?![\w.*])(?!\s*=)(.*)")
_CELL_HELP = re.compile(r"%%\w+\?")
_HELP = re.compile(r"(%{0,2}(?!\d)[\w*]+(?:\.(?!\d)[\w*]+|\[-?[0-9]+\])*)(\?\??)$")
_HELP_TARGET_LIMIT = 1000
_SCAN_LIMIT = 1_000_000  # characters; a real cell of Python is far below
_REWRITE_LIMIT = 20  # of one line, by `,f`, `;f` and `/f`


@dataclass(frozen=True, slots=True)
class Magic:
    """One piece of IPython syntax, and where it stands.

    ``kind`` is ``line`` (``%x``), ``cell`` (``%%x``), ``shell`` (``!x``, ``!!x``)
    or ``help`` (``x?``, ``??x``). ``name`` is the magic's name, empty for shell
    lines, the object's text for help. ``argument`` is the text after the name (for
    shell lines the command), continuation lines joined. ``line`` is 1-based in the
    cell; ``column`` (of the magic) and ``argument_column`` (where the argument
    begins on that line) are 0-based. ``body`` is the text after the first line, of
    cell magics only.
    """

    kind: str
    name: str
    argument: str
    line: int
    column: int
    body: str | None = None
    argument_column: int = 0


@dataclass(frozen=True, slots=True)
class PythonSource:
    """A cell as Python.

    ``text`` has the cell's lines (the last one may gain a line end), each magic
    replaced in place by the call ``__magic__(K)``, where K indexes ``magics``;
    lines that belong to a magic (continuations, the body of ``%%bash``) are blank.
    ``dedented`` columns were
    stripped in front of the first line (indentation, a pasted prompt). ``tree`` is
    the parsed text, None if it is not Python; then ``error`` says why.
    ``automagic`` is set when the cell is one valid line such as ``ls`` or ``pwd``,
    which IPython runs as that magic unless the notebook has bound the name.
    """

    text: str
    magics: tuple[Magic, ...]
    dedented: int
    tree: ast.Module | None = field(default=None, compare=False, repr=False)
    error: SyntaxError | None = field(default=None, compare=False, repr=False)
    automagic: Magic | None = None


@lru_cache(maxsize=4096)
def transform_cell(source: str) -> PythonSource:
    """Find the IPython syntax of a cell and parse the rest as Python. Never raises.

    The outcome is remembered: a notebook that is analysed again after an edit
    has mostly the same cells. Nobody may change the tree.
    """
    tree, error = parse_python(source)
    if tree is not None and not may_be_rewritten(source):
        return PythonSource(source, (), 0, tree, None, _sole_automagic(source))
    if source.isspace():
        return PythonSource(_blank(source), (), 0, ast.Module([], []), None)
    cell = _CellTransform()
    text = cell.transform(source)
    if cell.problem:
        return PythonSource(
            text, tuple(cell.magics), cell.dedented, None, SyntaxError(cell.problem)
        )
    if text != source:
        tree, error = parse_python(text)
    return PythonSource(text, tuple(cell.magics), cell.dedented, tree, error, cell.automagic)


def _placed(error: SyntaxError, text: str) -> SyntaxError:
    """Give an error that Python says without a place the line of the null byte, if there is one."""
    if error.lineno is None and "\0" in text:
        error.lineno = text.count("\n", 0, text.index("\0")) + 1
    return error


def parse_python(text: str) -> tuple[ast.Module | None, SyntaxError | None]:
    """Parse ``text``; return the tree, or None and what is wrong with it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text), None
    except SyntaxError as error:
        return None, _placed(error, text)
    except (RecursionError, MemoryError):
        return None, SyntaxError("the code is nested too deeply")
    except ValueError as error:  # null bytes, lone surrogates
        return None, _placed(SyntaxError(str(error)), text)


def _blank(text: str) -> str:
    """Return as many empty lines as ``text`` has, as Python counts lines."""
    return "\n" * len(_NEWLINE.findall(text))


def _sole_automagic(source: str) -> Magic | None:
    """Return the magic that a cell of one valid line may call without ``%``."""
    line = source.lstrip()
    if _AUTOMAGIC.fullmatch(line.removesuffix("\n")) is None:
        return None
    before = source[: len(source) - len(line)]
    number = len(_NEWLINE.findall(before)) + 1
    return _automagic(line, number, len(before) - before.rfind("\n") - 1)


def _automagic(line: str, number: int, column: int) -> Magic | None:
    """Return the magic that ``line`` calls without ``%``; ``column`` is where the line begins."""
    bare = line.lstrip()
    match = _AUTOMAGIC.fullmatch(bare.removesuffix("\n"))
    if match is None or match.group(1) not in AUTOMAGICS:
        return None
    name, rest = match.groups()
    column += len(line) - len(bare)
    argument = rest.lstrip()
    argument_column = column + len(name) + len(rest) - len(argument)
    return Magic("line", name, argument, number, column, None, argument_column)


class _CellTransform:
    """The transformation of one cell, body of ``%%time`` and its like included."""

    def __init__(self) -> None:
        self.magics: list[Magic] = []
        self.automagic: Magic | None = None
        self.dedented = 0
        self.problem = ""
        self.lines: list[str] = []
        self.shifts: list[int] = []
        self.numbers: list[int] = []
        self.done: list[str] = []

    def transform(self, source: str) -> str:
        """Return the Python text of ``source`` and collect its magics."""
        rest = (source if source.endswith("\n") else source + "\n").splitlines(keepends=True)
        number = 1
        for depth in range(_NEST_LIMIT + 1):
            rest, number = self._load(rest, number)
            if depth == 0 and self.shifts:
                self.dedented = self.shifts[0]
            if not self.lines or not self._is_cell_magic():
                self._scan()
                break
            rest = self._take_cell_magic()
            number = self.numbers[1] if len(self.numbers) > 1 else number
        else:
            self.problem = f"more than {_NEST_LIMIT} cell magics inside each other"
            self.done += map(_blank, rest)
        return "".join(line[:-1] + "\n" if line[-1:] == "\r" else line for line in self.done)

    def _load(self, rest: list[str], number: int) -> tuple[list[str], int]:
        """Pass over leading blank lines and clean the others, as IPython does first of all."""
        start = next((i for i, line in enumerate(rest) if not line.isspace()), len(rest))
        leading = [_blank(line) for line in rest[:start]]
        self.done += leading
        rest = rest[start:]
        number += len(_NEWLINE.findall("".join(leading)))
        carried = self.shifts[len(self.shifts) - len(rest) :] or [0] * len(rest)
        self.lines = clean_lines(rest) if rest else []
        if len(self.lines) != len(rest):
            self.shifts = [0] * len(self.lines)
        else:
            self.shifts = [
                before + len(raw) - len(line)
                for raw, line, before in zip(rest, self.lines, carried, strict=True)
            ]
        self.numbers = []
        for line in self.lines:
            self.numbers.append(number)
            number += len(_NEWLINE.findall(line))
        return rest, number

    def _is_cell_magic(self) -> bool:
        return self.lines[0].startswith("%%") and _CELL_HELP.match(self.lines[0]) is None

    def _take_cell_magic(self) -> list[str]:
        """Replace a cell magic; return the lines that remain to be transformed."""
        first, body = self.lines[0], self.lines[1:]
        name, _, argument = first[2:].rstrip().partition(" ")
        self.done.append(self._call(Magic(
            "cell", name, argument, self.numbers[0], self.shifts[0],
            "".join(body), self.shifts[0] + len(name) + 3,
        )) + _blank(first))  # fmt: skip
        if name in PYTHON_BODIED:
            return body
        self.done += map(_blank, body)
        return []

    def _call(self, magic: Magic) -> str:
        self.magics.append(magic)
        return f"__magic__({len(self.magics) - 1})"

    def _scan(self) -> None:
        """Replace the magics of the loaded lines, one logical line at a time."""
        if len(self.lines) == 1 and self._take_automagic():
            return
        if sum(map(len, self.lines)) > _SCAN_LIMIT:
            self.problem = f"the cell is longer than {_SCAN_LIMIT:,} characters"
        row = transforms = rewrites = 0
        while row < len(self.lines) and not self.problem:
            if is_plain_line(self.lines[row]):
                self.done.append(self.lines[row])
                row += 1
                continue
            specials, after = find_specials(self.lines, row)
            end = next((end for item in specials if (end := self._replace(item)) is not None), None)
            if end is None:
                self.done += self.lines[row:after]
                row = after
                continue
            transforms += 1
            rewrites = rewrites + 1 if end == row else 0
            if transforms > _TRANSFORM_LIMIT or rewrites > _REWRITE_LIMIT:
                self.problem = f"more than {_TRANSFORM_LIMIT} magics: IPython refuses such a cell"
            self.done += self.lines[row:end]
            row = end
        self.done += self.lines[row:]

    def _take_automagic(self) -> bool:
        magic = _automagic(self.lines[0], self.numbers[0], self.shifts[0])
        if magic is None:
            return False
        if parse_python(self.lines[0])[0] is not None:
            self.automagic = magic
            return False
        self.done.append(self._call(magic) + _blank(self.lines[0]))
        return True

    def _replace(self, special: Special) -> int | None:
        """Rewrite ``lines`` for one candidate; return the row after it, None if it is none."""
        if special.kind == "help":
            return self._replace_help(special)
        row, column = special.row, special.column
        last = row
        while last < len(self.lines) and self.lines[last].endswith("\\\n"):
            last += 1
        parts = [self.lines[row][column:], *self.lines[row + 1 : last + 1]]
        text = " ".join([*(part.rstrip()[:-1] for part in parts[:-1]), parts[-1].rstrip()])
        before = self.lines[row][:column]
        if text[0] in ",;/":
            call = _explicit_call(text)
            if call is None:
                return None
            # The result is looked at again, as IPython does: the row stays.
            self._put(row, last, before + call)
            return row
        self._put(row, last, before + self._call(self._magic(text, special)))
        return min(last + 1, len(self.lines))

    def _put(self, row: int, last: int, text: str) -> None:
        """Let ``text`` stand for the rows from ``row`` to ``last``, as many lines as before."""
        for index in range(row, min(last + 1, len(self.lines))):
            self.lines[index] = text + (_blank(self.lines[index]) or "\n")
            text = ""

    def _magic(self, text: str, special: Special) -> Magic:
        """Make the magic that ``text`` (from the escape character on) calls."""
        number = self.numbers[special.row]
        column = special.column + self.shifts[special.row]
        twice = special.kind == "escape" and text[:2] in ("!!", "??")
        content = text[2:] if twice else text[1:]
        start = column + len(text) - len(content)
        if text[0] == "?":
            return Magic("help", content.strip(), "", number, column, None, start)
        if text[0] == "!":
            return Magic("shell", "", content, number, column, None, start)
        name, space, argument = content.partition(" ")
        return Magic("line", name, argument, number, column, None, start + len(name + space))

    def _replace_help(self, special: Special) -> int | None:
        row, column, last = special.row, special.column, special.last_row
        content = "".join(self.lines[row : last + 1])[column:]
        match = _HELP.search(content[-_HELP_TARGET_LIMIT:])
        if match is None:
            return None
        number, shift = self.numbers[row], self.shifts[row]
        magic = Magic("help", match.group(1), "", number, column + shift, None, column + shift)
        self._put(row, last, self.lines[row][:column] + self._call(magic))
        return last + 1


def _explicit_call(text: str) -> str | None:
    """Return the call that ``,f a b``, ``;f a b`` or ``/f a b`` stands for."""
    name, _, arguments = text[1:].partition(" ")
    if text[0] == ",":
        return '{}("{}")'.format(name, '", "'.join(arguments.split()))
    if text[0] == ";":
        return f'{name}("{arguments}")'
    return f"{name}({', '.join(arguments.split())})" if name else None
