"""``transform_cell`` against IPython's own input transformer."""

import ast
import re
import subprocess
import sys
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from kalelike.notebook.ipython_syntax import PYTHON_BODIED, Magic, transform_cell

NEWLINE = re.compile(r"\r\n|\r|\n")


def real_transform(source: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TransformerManager().transform_cell(source)


def quiet_parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


class _Neutral(ast.NodeTransformer):
    """Turns IPython's calls, or ours, into one neutral form."""

    def __init__(self, magics=()):
        self.magics = magics

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "__magic__":
            return _neutral_magic(self.magics[node.args[0].value])
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == (
            "get_ipython()"
        ):
            return _neutral_call(node.func.attr, [item.value for item in node.args])
        return node


def _neutral_magic(magic: Magic):
    if magic.kind == "shell":
        return ast.Constant(("shell", magic.argument))
    if magic.kind == "help":
        return ast.Constant(("help", magic.name))
    if magic.kind == "cell":
        return ast.Constant(("cell", magic.name, magic.argument, magic.body))
    return ast.Constant(("line", magic.name, magic.argument))


def _neutral_call(method, values):
    if method in ("system", "getoutput"):
        return ast.Constant(("shell", values[0]))
    if method == "show_usage":
        return ast.Constant(("help", ""))
    if method == "run_cell_magic":
        return ast.Constant(("cell", *values))
    if values[0] in ("pinfo", "pinfo2", "psearch"):
        return ast.Constant(("help", values[1].strip()))
    return ast.Constant(("line", *values))


def by_ipython(source: str) -> list[str] | None:
    """The statements of a cell as IPython sees them, None if it is not valid."""
    try:
        tree = quiet_parse(real_transform(source))
    except (SyntaxError, RuntimeError, IndexError, ValueError):
        return None
    result = []
    for statement in _Neutral().visit(tree).body:
        result.append(ast.dump(statement))
        value = getattr(getattr(statement, "value", None), "value", None)
        if isinstance(value, tuple) and value[0] == "cell" and value[1] in PYTHON_BODIED:
            body = by_ipython(value[3])
            if body is None:
                return None
            result += body
    return result


def by_kalelike(source: str) -> list[str] | None:
    done = transform_cell(source)
    if done.tree is None:
        assert isinstance(done.error, SyntaxError)
        return None
    tree = quiet_parse(done.text)
    assert ast.dump(done.tree) == ast.dump(tree)
    tree = _Neutral(done.magics).visit(tree)
    return [ast.dump(statement) for statement in tree.body]


def check_lines(source: str) -> None:
    done = transform_cell(source)
    assert len(NEWLINE.findall(done.text)) - len(NEWLINE.findall(source)) in (
        (0,) if not source or source.endswith(("\n", "\r")) else (0, 1)
    )
    lines = NEWLINE.split(source)
    if re.search(r"(?:^|[\n\r])[ \t]*[,;/]", source):
        return  # such lines are rewritten twice, so that a magic need not stand in the source
    for magic in done.magics:
        place = lines[magic.line - 1][magic.column :]
        if magic.kind in ("line", "cell") and place.startswith("%"):
            mark = "%%" if magic.kind == "cell" else "%"
            assert place.startswith(mark + magic.name)
        elif magic.kind == "shell":
            assert place.startswith("!")
        rest = lines[magic.line - 1][magic.argument_column :]
        assert magic.argument.startswith(rest.rstrip().removesuffix("\\").rstrip()[:5]) or (
            magic.kind == "help"
        )


TABLE = {
    "line-magic": "%time x = 1",
    "line-magic-indented": "if a:\n    %time x = 1\n    y = 2",
    "line-magic-no-argument": "%matplotlib",
    "line-magic-continued": "%foo a \\\n   b\\\n c\nx = 1",
    "line-magic-space": "% time x",
    "percent-on-next-line-in-brackets": "x = (17\n% 5)\n",
    "percent-after-backslash": "x = 17 \\\n  % 5\n",
    "percent-in-string": 'x = """\n%time y\n!ls\n"""',
    "percent-in-string-and-magic": 'x = """\n%time y\n"""\n%time z',
    "modulo": "a = b\na %= 2\nprint('%d' % a)",
    "cell-magic": "%%bash\nls\necho $x",
    "cell-magic-argument": '%%writefile a.txt\nhello \'world\'\n"""\n',
    "cell-magic-after-blank": "\n   \n%%bash\nls",
    "cell-magic-after-code": "x = 1\n%%bash\nls",
    "cell-magic-after-comment": "# hello\n%%time\nx = 1",
    "cell-magic-indented": "    %%time\n    x = 1\n",
    "cell-magic-tab": "%%time\tfoo\nx",
    "cell-magic-python": "%%time\nx = 1\n%cd foo\nif x:\n  y = !ls\n",
    "cell-magic-python-nested": "%%time\n%%capture out\nx = 1\n",
    "cell-magic-nested-bash": "%%capture\n%%bash\nls\n",
    "cell-magic-body-dedented": "%%time\n\n    x = 1\n    y = 2\n",
    "cell-magic-empty-body": "%%time",
    "cell-magic-broken-body": "%%time\nx = = 1",
    "cell-help": "%%time?\n",
    "cell-help-then-code": "%%time?\nx = 1\n",
    "cell-help-odd": "%%time? foo\n",
    "shell": "!ls -l",
    "shell-indented": "for i in x:\n  !echo {i}\n",
    "shell-quote": "!echo it's \"fine\nx = 1",
    "shell-bracket": "!echo (\nx = 1",
    "shell-triple": '!echo """\nx = 1',
    "shell-continued": "!ls \\\n  -l \\\n -a\nx = 1",
    "shell-continued-at-end": "!ls \\",
    "shell-continued-crlf": "!ls \\\r\n  -l\r\nx = 1\r\n",
    "shell-twice": "!!ls",
    "shell-twice-indented": "if x:\n\t!!ls\n",
    "shell-assign": "x = !ls -l",
    "shell-assign-tuple": "a, b = !ls",
    "shell-assign-space": "x =   ! ls",
    "shell-assign-none": "x =!ls",
    "shell-assign-twice": "x = !!ls",
    "shell-assign-item": "d['k'] = !ls\nd[f(a=1)] = !ls",
    "shell-assign-continued": "x = !ls \\\n -l\ny = 2",
    "shell-assign-after-backslash": "x = \\\n  !ls\ny = 1",
    "shell-assign-semicolon": "x = 1; y = !ls",
    "shell-assign-if": "if x: y = !ls\nelse: y = 2\n",
    "shell-assign-multiline-target": "f(a,\n  b)['x'] = !ls\n",
    "shell-not-first": "for i in x: !ls",
    "not-equal": "x != 3\ny = x != 3",
    "magic-assign": "x = %time 1",
    "magic-assign-annotated": "x: int = %time 1",
    "magic-assign-chain": "a = b = %time 1",
    "magic-assign-compare": "a == %time",
    "magic-assign-continued": "x = %time 1 + \\\n   2\n",
    "magic-assign-space": "x = % time 1",
    "magic-assign-cut": "x = %",
    "magic-assign-indented": "with a:\n    b = %time c\n    d = 1\n",
    "help": "foo?",
    "help-twice": "foo??",
    "help-attribute": "foo.bar.baz?",
    "help-index": "foo[0].bar[-1]?",
    "help-first": "?foo",
    "help-first-twice": "??foo.bar",
    "help-first-space": "? foo",
    "help-alone": "?",
    "help-alone-twice": "??",
    "help-search": "*int*?",
    "help-magic": "%time?",
    "help-magic-argument": "%time foo?",
    "help-assign": "x = %time foo?",
    "help-call": "foo()?",
    "help-comment": "foo? # what\n",
    "help-indented": "if x:\n    foo?\n    y = 1\n",
    "help-space": "foo ?",
    "help-multiline": "(a,\nb) = zip?",
    "help-multiline-open": "print(a,\n  foo?\n",
    "help-multiline-string": 'x = """a\nb""".join?\n',
    "help-shell": "!ls *.txt?",
    "help-in-string": "x = 'what?'\n# why?\n",
    "help-then-magic": "foo?\n%time x\nbar??\n!ls",
    "quote": ",f a b c",
    "quote-one": ";f a b c",
    "call": "/f a b",
    "call-nothing": "/ f",
    "call-indented": "if x:\n    /f a\n    ,g b\n",
    "call-again": ",,f a",
    "call-makes-magic": ";a=%b c",
    "semicolon-end": "x = 1;\nx;",
    "classic-prompt": ">>> x = 1\n>>> if x:\n...     y = 2\n... \n>>> y\n",
    "classic-prompt-output": ">>> x = 1\n>>> x\n1\n",
    "classic-prompt-indented": "    >>> x = 1\n    >>> y = 2\n",
    "classic-prompt-magic": ">>> %time x\n>>> y = !ls\n",
    "classic-prompt-in-docstring": 'def f():\n    """Say.\n\n    >>> f()\n    1\n    """\n',
    "classic-prompt-in-string": 'x = """\n>>> f()\n"""\n',
    "classic-prompt-both": 'def f():\n  """Say\n  >>> 1\n  """\n>>> x = 1\n',
    "classic-prompt-string": ">>> x = '''\n... a'''\n>>> y\n",
    "ellipsis": "x = [\n...\n]\ndef f():\n  ...\n",
    "shift": "x = 5 >> 1\nx >>= 2\n",
    "ipython-prompt": "In [1]: x = 1\n   ...: y = 2\n   ...: \nIn [2]: %time y\n",
    "ipython-prompt-vi": "[ins] In [12]: x = 1\n         ...: y = 2\n",
    "ipython-prompt-second": "x = 1\n   ...: y = 2\n",
    "ipython-prompt-cell": "In [1]: %%bash\n   ...: ls\n",
    "ipython-prompt-in-string": 'x = """\n   ...: a"""\n',
    "ellipsis-slice": "x[\n...: 3]\n",
    "indented": "  x = 1\n  if x:\n      %time y\n",
    "indented-uneven": "    x = 1\n  y = 2\n",
    "indented-blank": "\n\n   x = 1\n\n   y = 2\n",
    "blank-in-string": 'x = """a\n    \nb"""\n',
    "blank-in-string-tab": "x = '''a\n\t\nb'''\n%time y\n",
    "blank-after-backslash": "x = 1 + \\\n   2\n   \ny = 2\n",
    "empty": "",
    "blank": "  \n \n",
    "comment": "# just that\n",
    "comment-quote": "x = 1  # don't\n%time y  # it's\n!ls # (\n",
    "await": "x = await f()\n%time y\n",
    "return": "return 1\n",
    "broken": "x = = 1\n%time y\n",
    "broken-bracket": "f(1\n%time y\n",
    "broken-string": "x = 'abc\n%time y\n",
    "broken-triple": 'x = """abc\n%time y\n',
    "broken-dedent": "if x:\n    if y:\n        a\n   b\n%time c\n",
    "decorator": "@f\ndef g():\n    %time x\n    return 1\n",
    "f-string": "x = f'{a!r:>{w}}'\ny = f'{a=}'\n%time z\n",
    "walrus": "(x := 5) % 2\n%time z\n",
    "lambda": "f = lambda x=1: x % 2\n%time z\n",
    "crlf": "x = 1\r\n%time y\r\nif x:\r\n  !ls\r\n",
    "cr": "x = 1\ry = 2\r",
    "form-feed": "x = 1\n\x0c\n%time y\n",
    "line-separator": "x = 'a\u2028b'\n%time y\n",
    "unicode": "é = 'ü'\n%time ñ = é\nλ?\n",
    "tab": "if x:\n\t%time y\n\tz = 1\n",
    "bom": "\ufeffx = 1\n",
    "null": "x = '\0'\n",
    "surrogate": "x = '\ud800'\n",
    "automagic-like": "x = 1\nls\n",
    "dict": "d = {\n  'a': 1,\n  'b': !ls\n}\n",
    "set-in-call": "f(x=!ls)\n",
    "type-comment": "x = []  # type: list\n%time x\n",
    "class": "class A:\n    x = %time 1\n    def f(self):\n        !ls\n        return 1\n",
    "try": "try:\n    %time x\nexcept E:\n    !ls\nfinally:\n    foo?\n",
    "line-join-of-magics": "%load_ext autoreload\n%autoreload 2\n%matplotlib inline\nimport x\n",
}


@pytest.mark.parametrize("source", TABLE.values(), ids=TABLE)
def test_equals_ipython(source):
    assert by_kalelike(source) == by_ipython(source)
    check_lines(source)


FRAGMENTS = [
    "x = 1", "if x:", "    y = 2", "        z = 3", "%time x", "    %time x", "!ls", "    !ls -l",
    "a = !ls", "    a = %time 1", "foo?", "    foo.bar??", "?foo", "f(", "  1,", ")", "[", "% 5]",
    '"""', "s = '''", "'''", "    '''", "%%time", "%%bash", "%%capture o", "# it's", "x = 5 \\",
    "  % 3", "!ls \\", ",f a b", "/f a", ";f a", ">>> x", "... y", "In [1]: x", "   ...: y", "",
    "   ", "\t", "def f(a=1):", "    return a", "print('!%?')", "x = {'a': 1,", "}", "a, b = %m c",
    "%time foo?", "else:", "ls = 1", "x != y", "x % 2", "\\", "a = b = %m", "(a,", "b) = zip?",
    "f'{x!r}'", "é = 1", "@dec", "class A:", "x; y = !ls", "x = \\", "  !ls", "!!ls", "%", "?",
    "??",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=7), st.sampled_from(["", "    "]), st.booleans()
)
@settings(max_examples=600, deadline=None)
def test_equals_ipython_on_mixtures(lines, indent, ended):
    source = "\n".join(indent + line for line in lines) + ("\n" if ended else "")
    assert by_kalelike(source) == by_ipython(source)
    check_lines(source)


@given(st.text("ab1 \t\n%!?,;/=\\'\"#()[]{}.:>\r", max_size=25))
@settings(max_examples=600, deadline=None)
def test_equals_ipython_on_characters(source):
    assert by_kalelike(source) == by_ipython(source)
    check_lines(source)


@given(st.text("ab1 \t\n%!?,;/=\\'\"#()[]{}.:>I", max_size=30))
@settings(max_examples=400, deadline=None)
def test_valid_python_is_untouched_by_both(source):
    done = transform_cell(source)
    if done.text == source and done.tree is not None and not done.magics:
        assert ast.dump(quiet_parse(real_transform(source))) == ast.dump(done.tree)


def test_valid_python_of_the_standard_library_is_untouched():
    for module in (ast, re, subprocess):
        with open(module.__file__, encoding="utf-8") as file:
            source = file.read()
        done = transform_cell(source)
        expected = ast.dump(quiet_parse(real_transform(source)))
        assert ast.dump(done.tree) == expected
        assert done.magics == ()


REWRITTEN = {
    "prompt-in-string": ('x = """\n>>> 1\n"""', "x = '\\n1\\n'"),
    "blank-in-string": ('x = """a\n   \nb"""', "x = 'a\\n\\nb'"),
    "annotation": ("In [1]: x", "x"),
    "slice": ("x[\n...: 3]", "x[3]"),
}


@pytest.mark.parametrize(("source", "expected"), REWRITTEN.values(), ids=REWRITTEN)
def test_valid_python_that_ipython_changes(source, expected):
    assert ast.unparse(transform_cell(source).tree) == expected
    assert ast.unparse(ast.parse(real_transform(source))) == expected


def test_lines_and_columns_are_the_cells_own():
    source = "\n    x = 1\n    y = !ls \\\n      -l\n    if x:\n        %time f(x)\n    df.head?\n"
    done = transform_cell(source)
    assert done.text == ("\nx = 1\ny = __magic__(0)\n\nif x:\n    __magic__(1)\n__magic__(2)\n")
    assert done.dedented == 4
    assert done.magics == (
        Magic("shell", "", "ls    -l", 3, 8, None, 9),
        Magic("line", "time", "f(x)", 6, 8, None, 14),
        Magic("help", "df.head", "", 7, 4, None, 4),
    )


def test_body_of_a_python_cell_magic_stays_python():
    done = transform_cell("\n%%time\nx = 1\ny = %m a\n")
    assert done.text == "\n__magic__(0)\nx = 1\ny = __magic__(1)\n"
    assert done.magics[0] == Magic("cell", "time", "", 2, 0, "x = 1\ny = %m a\n", 7)
    assert done.magics[1].line == 4


def test_body_of_another_cell_magic_is_blank():
    done = transform_cell("%%bash -x\necho 'a\nls\n")
    assert done.text == "__magic__(0)\n\n\n"
    assert done.magics == (Magic("cell", "bash", "-x", 1, 0, "echo 'a\nls\n", 7),)


AUTOMAGIC = {
    "pip": (
        "pip install pandas  # why",
        Magic("line", "pip", "install pandas  # why", 1, 0, None, 4),
    ),
    "cd": ("\ncd ..\n", Magic("line", "cd", "..", 2, 0, None, 3)),
    "in-time": ("%%time\nls -l *.csv\n", Magic("line", "ls", "-l *.csv", 2, 0, None, 3)),
}


@pytest.mark.parametrize(("source", "magic"), AUTOMAGIC.values(), ids=AUTOMAGIC)
def test_magic_without_percent(source, magic):
    done = transform_cell(source)
    assert done.magics[-1] == magic
    assert done.error is None


MAYBE = {
    "ls": ("ls", "ls", ""),
    "pwd": ("\n  pwd\n", "pwd", ""),
    "ls-l": ("ls -l", "ls", "-l"),
    "call": ("time(3)", "time", "(3)"),
    "assigned": ("ls = 3", None, None),
    "attribute": ("time.sleep(3)", None, None),
    "two-lines": ("ls\nx", None, None),
    "blank-after": ("ls\n\n", None, None),
    "other": ("listing", None, None),
    "prompt": (">>> ls", "ls", ""),
}


@pytest.mark.parametrize(("source", "name", "argument"), MAYBE.values(), ids=MAYBE)
def test_line_that_may_be_a_magic(source, name, argument):
    done = transform_cell(source)
    assert done.tree is not None
    assert done.magics == ()
    found = done.automagic
    assert (found.name, found.argument) == (name, argument) if name else found is None


ERRORS = {
    "bracket": ("f(1\n", "never closed", 1),
    "later-line": ("x = 1\n%time y\nz = = 2\n", "invalid syntax", 3),
    "in-time": ("%%time\n\nz = = 2\n", "invalid syntax", 3),
    "null": ("x = '\0'", "null bytes", None),
    "surrogate": ("x = '\ud800'", "surrogates", None),
    "nested": ("(" * 5000 + ")" * 5000, "nested", None),
    "many-magics": ("%time x\n" * 500, "500", None),
    "many-escapes": ("," * 1000 + "f", "magics", None),
    "many-cell-magics": ("%%time\n" * 5000 + "x", "inside each other", None),
    "long": ("x = = 1\n" * 200_000, "1,000,000 characters", None),
}


@pytest.mark.parametrize(("source", "message", "line"), ERRORS.values(), ids=ERRORS)
def test_broken_cells_give_an_error_and_raise_nothing(source, message, line):
    done = transform_cell(source)
    assert done.tree is None
    assert message in done.error.msg.replace("499", "500")
    assert line is None or done.error.lineno == line


def test_ipython_too_refuses_500_magics():
    assert transform_cell("%time x\n" * 499).tree is not None
    with pytest.raises(RuntimeError):
        real_transform("%time x\n" * 500)


def test_it_is_fast_and_imports_nothing_heavy():
    code = (
        "import sys, time\n"
        "from kalelike.notebook.ipython_syntax import transform_cell\n"
        "assert not {'IPython', 'nbformat', 'traitlets', 'kfp'} & set(sys.modules)\n"
        "source = 'import numpy as np\\nx = np.zeros(3)\\nprint(x % 2)\\n'\n"
        "start = time.process_time()\n"
        "for _ in range(2000):\n"
        "    transform_cell(source)\n"
        "print(2000 / (time.process_time() - start))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 6000


def test_magics_are_found_in_linear_time():
    def seconds(count):
        source = "x = f(a['b'] % 3, \"c\")\n" * count + "%time x\n"
        start = time.process_time()
        assert len(transform_cell(source).magics) == 1
        return time.process_time() - start

    # The least of several: other work on the machine only ever adds.
    small, large = (min(seconds(count) for _ in range(4)) for count in (500, 4000))
    assert large < 16 * max(small, 0.01)
