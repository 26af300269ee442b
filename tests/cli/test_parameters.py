"""Parameters from the notebook, and from the command line, as a step meets them: as written."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kalelike.cli.main import main
from kalelike.graph.model import Parameter
from tests.emit.compiling import compile_cells, write_notebook

ROOT = Path(__file__).parents[2]

TYPED: list[tuple[str, str, object]] = [
    ("p = 3", "NUMBER_INTEGER", 3),
    ("p = -1", "NUMBER_INTEGER", -1),
    ("p = +1", "NUMBER_INTEGER", 1),
    ("p = 1_000", "NUMBER_INTEGER", 1000),
    ("p = 0x10", "NUMBER_INTEGER", 16),
    ("p = .5", "NUMBER_DOUBLE", 0.5),
    ("p = -1e-3", "NUMBER_DOUBLE", -0.001),
    ("p: float = 1", "NUMBER_DOUBLE", 1),
    ("p: int = -3", "NUMBER_INTEGER", -3),
    ("p: 'anything at all' = 'x'", "STRING", "x"),
    ("p = True", "BOOLEAN", True),
    ("p = 'it\\'s'", "STRING", "it's"),
    ("p = 'two' ' parts'", "STRING", "two parts"),
    ("p = '''two\nlines'''", "STRING", "two\nlines"),
    ("p = r'C:\\new\\table'", "STRING", "C:\\new\\table"),
    ("p = ''", "STRING", ""),
    ("p = [1, 'x', [2.5, None]]", "LIST", [1, "x", [2.5, None]]),
    ("p = []", "LIST", []),
    ("p = (1, 2)", "LIST", (1, 2)),
    ("p = {'k': {'n': [1]}}", "STRUCT", {"k": {"n": [1]}}),
    ("p = {1: 'a', (2, 3): 'b'}", "STRUCT", {1: "a", (2, 3): "b"}),
    ("a = p = 5", "NUMBER_INTEGER", 5),
    ("p = 1\np = 2", "NUMBER_INTEGER", 2),
    ("p = 1; q = 2", "NUMBER_INTEGER", 1),
]


def parameter(source: str, folder: Path) -> Parameter | None:
    cells = [("pipeline-parameters", source), ("step:a", "x = p")]
    graph = compile_cells(folder, cells).graph
    return next((item for item in graph.parameters if item.name == "p"), None)


@pytest.mark.parametrize(("source", "kind", "value"), TYPED, ids=[row[0] for row in TYPED])
def test_a_literal_gives_a_typed_parameter(
    source: str, kind: str, value: object, tmp_path: Path
) -> None:
    found = parameter(source, tmp_path)
    assert found is not None
    assert (found.kfp_type, repr(found.default)) == (kind, repr(value))


AS_TEXT: list[tuple[str, object]] = [
    ("p = None", None),
    ("p = b'x'", b"x"),
    ("p = {1, 2}", {1, 2}),
    ("p = 3 + 4j", 3 + 4j),
    ("p = ...", ...),
    ("p = 12345678901234567890", 12345678901234567890),
    ("p = -0.0", -0.0),
]


@pytest.mark.parametrize(("source", "value"), AS_TEXT, ids=[row[0] for row in AS_TEXT])
def test_what_kfp_has_no_type_for_travels_as_text_and_is_told(
    source: str, value: object, tmp_path: Path
) -> None:
    cells = [("pipeline-parameters", f"q = 1\n{source}"), ("step:a", "x = p, q")]
    compilation = compile_cells(tmp_path, cells)
    found = next(item for item in compilation.graph.parameters if item.name == "p")
    assert (found.kfp_type, repr(found.default)) == ("STRING", repr(value))
    (note,) = compilation.diagnostics
    assert (note.code.name, note.location.line) == ("parameter-as-text", 2)


def test_a_number_too_long_to_write_out_is_a_parameter_too(tmp_path: Path) -> None:
    found = parameter(f"p = 0x{'f' * 5000}", tmp_path)
    assert found is not None
    assert found.default == 16**5000 - 1


COMPUTED = ["p = [1] * 3", "p = int('7')", "p = 2 ** 10", "p = f'a'", "p = float('nan')",
            "p = object()", "p, q = 1, 2", "p = open('/etc/hostname')"]  # fmt: skip


@pytest.mark.parametrize("source", COMPUTED)
def test_what_is_no_literal_is_no_parameter_and_is_told(source: str, tmp_path: Path) -> None:
    assert parameter(source, tmp_path) is None
    compilation = compile_cells(tmp_path, [("pipeline-parameters", source), ("step:a", "x = p")])
    note = compilation.diagnostics[0]
    assert (note.code.name, note.location.index, note.location.line) == ("computed-parameter", 0, 1)
    assert note.hint


def test_each_step_gets_only_what_it_reads(tmp_path: Path) -> None:
    cells = [
        ("pipeline-parameters", "a = 1\nb = 2\nc = 3"),
        ("functions", "def f():\n    return b"),
        ("step:one", "x = a"),
        ("step:two", "y = f()"),
        ("step:three", "a = a + 1\nz = a"),
    ]
    steps = {step.name: step.parameters for step in compile_cells(tmp_path, cells).graph.steps}
    assert steps == {"one": ("a",), "two": ("b",), "three": ("a",)}


# -- a real run ---------------------------------------------------------------

NASTY: dict[str, object] = {
    "quote": 'it\'s "so" `x`',
    "argo": "{{workflow.name}} {{=1+1}} {{",
    "shell": "$(HOME) $$ ${HOME} $HOME ; rm -rf / && x",
    "path": "C:\\new\\table\\",
    "unicode": "é数🎉\u2028\u200b",
    "lines": "a\nb\r\nc\ttab\x07",
    "kfp": "{{$.inputs.parameters['x']}} {{$}}",
    "marker": "kl64-Ig==",
    "empty": "",
    "spaces": "  x  ",
    "yaml": "--- # x: [y]",
    "word": "null",
    "number": "1.0",
}
OTHERS: dict[str, object] = {
    "whole": -3,
    "large": 2**60 + 1,
    "exact": 0.1,
    "zero": -0.0,
    "yes": True,
    "nothing": None,
    "several": [1, 1.0, "{{x}}", None, [True]],
    "pair": (1, 2),
    "table": {"b": 1, "a": 2.0, "{{x}}": "$(y)"},
    "keyed": {1: "x", None: "y"},
    "data": b"\x00\xff",
    "members": {1, 2},
}


def write(folder: Path, values: dict[str, object]) -> Path:
    """A notebook with these parameters, whose second step writes what it and the first have got."""
    names = ", ".join(values)
    source = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    cells = [
        ("pipeline-parameters", source),
        ("step:first", f"kept = [{names}]"),
        ("step:second", "with open('got.txt', 'w', encoding='ascii') as file:\n"
                        f"    print(ascii([kept, [{names}]]), file=file)"),
    ]  # fmt: skip
    return write_notebook(folder / "nb.ipynb", cells)


def run(notebook: Path, *arguments: str) -> list[list[object]]:
    done = subprocess.run(
        [sys.executable, "-m", "kalelike", "run", str(notebook), "--json", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = notebook.with_name("got.txt").read_text("ascii")
    return ast.literal_eval(found)  # type: ignore[no-any-return]


def test_defaults_arrive_as_written(tmp_path: Path) -> None:
    values = {**NASTY, **OTHERS}
    for got in run(write(tmp_path, values)):
        assert [repr(item) for item in got] == [repr(item) for item in values.values()]


def test_values_from_the_command_line_arrive_as_typed(tmp_path: Path) -> None:
    # The kernel hands arguments over without null bytes, and -p takes the rest as it is.
    notebook = write(tmp_path, dict.fromkeys(NASTY, "default"))
    arguments = [part for name, text in NASTY.items() for part in ("-p", f"{name}={text}")]
    for got in run(notebook, *arguments):
        assert got == list(NASTY.values())


TYPED_TEXT: list[tuple[str, object, str, object]] = [
    ("whole", 1, "-5", -5),
    ("fraction", 0.5, "1", 1.0),
    ("exponent", 0.5, "1e-3", 0.001),
    ("switch", True, "false", False),
    ("json", [1], '[1, "it\'s", null]', [1, "it's", None]),
    ("python", [1], "['{{x}}', (1, 2)]", ["{{x}}", (1, 2)]),
    ("pair", (1, 2), "[3, 4]", (3, 4)),
    ("table", {"a": 1}, '{"a": "$(x)"}', {"a": "$(x)"}),
    ("members", {1, 2}, "{3}", {3}),
    ("data", b"x", "b'\\x00'", b"\x00"),
    ("nothing", None, "now a text", "now a text"),
]


def test_typed_values_from_the_command_line(tmp_path: Path) -> None:
    notebook = write(tmp_path, {name: default for name, default, _, _ in TYPED_TEXT})
    arguments = [part for name, _, text, _ in TYPED_TEXT for part in ("-p", f"{name}={text}")]
    for got in run(notebook, *arguments):
        assert [repr(item) for item in got] == [repr(row[3]) for row in TYPED_TEXT]


BAD = [
    ("a text for a number", "whole=abc", "bad-parameter-value"),
    ("a fraction for a whole number", "whole=1.5", "bad-parameter-value"),
    ("NaN", "fraction=nan", "bad-parameter-value"),
    ("no boolean", "switch=maybe", "bad-parameter-value"),
    ("no list", "several={}", "bad-parameter-value"),
    ("unknown", "whloe=1", "unknown-parameter"),
    ("no value", "whole", "bad-argument"),
]


@pytest.mark.parametrize(("text", "code"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_value_is_refused_before_anything_runs(
    text: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values: dict[str, object] = {"whole": 1, "fraction": 0.5, "switch": True, "several": [1]}
    notebook = write(tmp_path, values)
    assert main(["run", str(notebook), "--json", "-p", text]) == 2
    data: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [item["name"] for item in data["diagnostics"]] == [code]
    assert not notebook.with_name("got.txt").exists()
