"""Documents from anybody: each is refused with a diagnostic, or run; none leaves its store."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kalelike.cli.main import main
from kalelike.compiler import compile_notebook, write_codes
from kalelike.emit import to_yaml
from tests.equivalence.harness import write_notebook
from tests.run.running import Cells

CELLS: Cells = [
    ("pipeline-parameters", "rate = 0.5"),
    ("step:a limit:memory:1Gi", "x = [rate]"),
    ("step:b", "y = x[0]"),
    ("pipeline-metrics", "print(y)"),
]
Documents = list[Any]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Documents]:
    """A folder with the compiled code of a pipeline in its store, and the documents."""
    folder = tmp_path_factory.mktemp("hostile")
    compilation = compile_notebook(write_notebook(folder / "notebook.ipynb", CELLS))
    write_codes(compilation, folder / "inner" / ".kalelike" / "code")
    return folder, list(yaml.safe_load_all(to_yaml(compilation.document)))


def outcome(
    command: str, folder: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[dict[str, Any]]]:
    """Give a document to a command; return its exit code and its diagnostics."""
    path = folder / "inner" / "pipeline.yaml"
    path.write_text(content, "utf-8")
    beside = {item.name for item in folder.iterdir()}
    capsys.readouterr()
    code = main([command, str(path), "--json"])
    output = capsys.readouterr()
    assert "Traceback" not in output.err
    assert "internal error" not in output.err
    assert {item.name for item in folder.iterdir()} == beside, "something was written outside"
    return code, json.loads(output.out.splitlines()[-1]).get("diagnostics", [])


def test_the_document_itself_runs(
    compiled: tuple[Path, Documents], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, documents = compiled
    assert outcome("run", folder, yaml.safe_dump_all(documents), capsys) == (0, [])


# -- texts that are no document ---------------------------------------------------------------

_LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
TEXTS = {
    "nothing": "",
    "a scalar": "42\n",
    "a list": "[1, 2]\n",
    "an anchor that holds itself": "root: &a\n  dag: *a\npipelineInfo: {name: x}\n",
    "a billion laughs": _LAUGHS + "pipelineInfo: {name: x}\n",
    "a hundred thousand brackets": "root: " + "[" * 100_000 + "\n",
    "a hundred thousand levels": "root: " + "{a: " * 100_000 + "1" + "}" * 100_000 + "\n",
    "a Python object": "root: !!python/object/apply:os.system ['touch outside']\n",
    "a tag of its own": "root: !steal {}\n",
    "control characters": "root: \x07\n",
    "an endless number": f"root: {'9' * 20_000}\n",
    "an unfinished text": "root: 'never ends\n",
    "a key that is a list": "? [a, b]\n: 1\n",
    "a merge of itself": "root: &a\n  <<: *a\n",
}


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("name", TEXTS)
def test_texts(
    compiled: tuple[Path, Documents], capsys: pytest.CaptureFixture[str], command: str, name: str
) -> None:
    code, found = outcome(command, compiled[0], TEXTS[name], capsys)
    assert code == (2 if command == "run" else code) != 0
    assert found, "it says why"
    assert all(item["code"].startswith("KL") and item["message"] for item in found)


# -- documents that reach out -----------------------------------------------------------------

Change = Callable[[Any], None]


def _rename(part: dict[str, Any], old: str, new: str) -> None:
    part[new] = part.pop(old)


def _rename_task(ir: Any, new: str) -> None:
    _rename(ir["root"]["dag"]["tasks"], "a", new)
    text = json.dumps(ir).replace('"producerTask": "a"', f'"producerTask": "{new}"')
    ir.update(json.loads(text.replace('["a"]', f'["{new}"]')))


def _rename_output(ir: Any, new: str) -> None:
    _rename(ir["components"]["comp-a"]["outputDefinitions"]["artifacts"], "x", new)
    old = '"outputArtifactKey": "x"'
    ir.update(json.loads(json.dumps(ir).replace(old, f'"outputArtifactKey": "{new}"')))


def _container(ir: Any) -> Any:
    return ir["deploymentSpec"]["executors"]["exec-a"]["container"]


def _argument(number: int, text: str) -> Change:
    return lambda ir: _container(ir)["args"].__setitem__(number, text)


REACHING: dict[str, Change] = {
    "a task above the store": lambda ir: _rename_task(ir, "../../outside"),
    "a task with a root": lambda ir: _rename_task(ir, "/outside"),
    "an output above the store": lambda ir: _rename_output(ir, "../../../outside"),
    "a step above the code": _argument(0, "../../outside"),
    "code above the code": _argument(1, "../../../outside"),
    "a step of another shape": _argument(0, "a\0b"),
    "another executor input": _argument(2, "{}"),
    "another command": lambda ir: _container(ir).update(command=["sh", "-c", "touch outside"]),
    "another program": lambda ir: _container(ir)["command"].__setitem__(0, "/bin/sh"),
    "no command": lambda ir: _container(ir).pop("command"),
    "tasks that wait for each other": lambda ir: ir["root"]["dag"]["tasks"]["a"].update(
        dependentTasks=["b"]
    ),
    "a need of nobody": lambda ir: ir["root"]["dag"]["tasks"]["b"].update(dependentTasks=["no"]),
    "endless memory": lambda ir: _container(ir)["resources"].update(resourceMemoryLimit="9" * 400),
}


@pytest.mark.parametrize("name", REACHING)
def test_documents_that_reach_out(
    compiled: tuple[Path, Documents], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder, documents = compiled
    changed = copy.deepcopy(documents)
    REACHING[name](changed[0])
    code, found = outcome("run", folder, yaml.safe_dump_all(changed), capsys)
    assert code == 2
    assert found


# -- anything anywhere --------------------------------------------------------------------------

_ANYTHING = (None, 7, "x", [], {}, True, "../../outside", -1e999, ["a"], {"a": {"b": 1}})
_EVERY = 29


def _places(part: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = part.items() if isinstance(part, dict) else enumerate(part)
    for key, item in items:
        yield (*at, key)
        if isinstance(item, dict | list):
            yield from _places(item, (*at, key))


def _put(documents: Documents, at: tuple[Any, ...], value: Any) -> str:
    changed = copy.deepcopy(documents)
    part: Any = changed
    for key in at[:-1]:
        part = part[key]
    part[at[-1]] = value
    return yaml.safe_dump_all(changed)


def test_anything_anywhere(
    compiled: tuple[Path, Documents], capsys: pytest.CaptureFixture[str]
) -> None:
    """One of so many of all replacements of one part by something else."""
    folder, documents = compiled
    chosen = [(at, value) for at in _places(documents) for value in _ANYTHING][::_EVERY]
    assert len(chosen) > 30
    codes = set()
    for at, value in chosen:
        code, found = outcome("run", folder, _put(documents, at, value), capsys)
        assert code in (0, 1, 2), (at, value)
        assert found or code != 2, (at, value)
        codes.add(code)
    assert codes >= {0, 2}
