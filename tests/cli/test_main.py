"""The edge: exit codes, no traceback, nothing heavy loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from kalelike import __version__
from kalelike.cli.main import main

COMMANDS = ("compile", "run", "graph", "check", "show", "runs", "prune")
HEAVY = ("IPython", "rich", "yaml", "nbformat", "kfp", "numpy", "pandas", "asyncio", "sqlite3")


def test_help_names_commands_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n    {command} " in text for command in COMMANDS)
    assert "exit codes:" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_documents_its_exit_codes(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--help"]) == 0
    assert "130  interrupted" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"kalelike {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no command"),
        pytest.param(["fly"], id="unknown command"),
        pytest.param(["compile"], id="no notebook"),
        pytest.param(["compile", "a.ipynb", "--inlin"], id="abbreviated"),
        pytest.param(["run", "a.ipynb", "--jobs", "0"], id="no jobs"),
        pytest.param(["run", "a.ipynb", "--jobs", "²"], id="not ascii"),
        pytest.param(["run", "a.ipynb", "--timeout", "nan"], id="nan"),
        pytest.param(["run", "a.ipynb", "--timeout", "inf"], id="infinite"),
        pytest.param(["run", "a.ipynb", "--engine", "kubernetes9"], id="engine"),
        pytest.param(["graph", "a.ipynb", "--format", "png"], id="format"),
    ],
)
def test_a_wrong_call_is_bad_input(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "KL809 [bad-argument]" in err
    assert "--help" in err
    assert main([*arguments, "--json"]) == 2
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)["diagnostics"][0]["code"] == "KL809"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from kalelike.cli.main import main; main(['--help']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr == "[]\n"


BREAK = """
import sys, types
from kalelike.cli import main as edge
module = types.ModuleType("kalelike.cli.compile_command")
def run_command(options):
    {body}
module.run_command = run_command
sys.modules["kalelike.cli.compile_command"] = module
sys.exit(edge.main({arguments!r}))
"""


def broken(body: str, *more: str, debug: str = "") -> subprocess.CompletedProcess[str]:
    code = BREAK.format(body=body, arguments=["compile", "x.ipynb", *more])
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "KALELIKE_DEBUG": debug},
        timeout=60,
    )


def test_a_mistake_of_ours_is_one_line() -> None:
    done = broken("raise TypeError('two\\nlines')")
    assert done.returncode == 70
    assert len(done.stderr.splitlines()) == 1
    assert "internal error: TypeError: two lines" in done.stderr
    assert "please report" in done.stderr


def test_a_mistake_of_ours_shows_more_on_request() -> None:
    assert "Traceback" in broken("raise TypeError('x')", debug="1").stderr


def test_a_mistake_of_ours_is_told_to_machines() -> None:
    done = broken("raise TypeError('x')", "--json")
    assert json.loads(done.stdout)["exit_code"] == 70


def test_an_interruption_is_130() -> None:
    done = broken("raise KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (130, "kalelike: interrupted\n")


def test_a_reader_that_went_away_is_no_error() -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            BREAK.format(
                body="[print('x' * 1000) for _ in range(1000)]", arguments=["compile", "x.ipynb"]
            ),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 141


def test_a_narrow_encoding_escapes_what_it_lacks() -> None:
    code = BREAK.format(body="print('→')\n    return 0", arguments=["compile", "x.ipynb"])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        timeout=60,
    )
    assert done.stdout == b"\\u2192\n"
