"""Plans: what an image's name depends on, what goes into it, and what never does."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

import kalelike.runtime
from kalelike.compiler import Compilation
from kalelike.errors import BuildError
from kalelike.image.archives import Archives
from kalelike.image.base import Base
from kalelike.image.dockerfile import render_dockerfile
from kalelike.image.installed import Installed
from kalelike.image.layers import LayerKind
from kalelike.image.pipeline import ImageOptions, plan_pipeline
from kalelike.image.plan import Plans
from tests.image.notebooks import Cells, compiled

CELLS: Cells = [
    ("imports", "import pandas as pd"),
    ("step:a", "import yaml\nx = pd.DataFrame({'a': [1]})"),
    ("step:b", "# a comment\ny = x.sum()"),
    ("step:c", "print(y)"),
]


def plans(compilation: Compilation, options: ImageOptions | None = None) -> Plans:
    return plan_pipeline(
        compilation.graph, compilation.codes, options or ImageOptions(),
        lambda name, _: Base(name, f"id of {name}"),
        Installed.here(),
    )  # fmt: skip


def tags(folder: Path, cells: Cells, metadata: dict[str, object] | None = None) -> dict[str, str]:
    return {str(plan.step): plan.tag for plan in plans(compiled(folder, cells, metadata)).images}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after.get(name)}


@pytest.mark.parametrize(
    ("cell", "source", "steps"),
    [
        pytest.param(2, "# another comment\n\ny = x.sum()", set(), id="comment"),
        pytest.param(2, "y = x.sum() + 1", {"b"}, id="code"),
        pytest.param(1, "import yaml\nx = pd.DataFrame({'a': [2]})", {"a"}, id="first step"),
        pytest.param(1, "import yaml, docker\nx = pd.DataFrame({'a': [1]})", {"a", "b", "c"},
                     id="another distribution"),
    ],
)  # fmt: skip
def test_only_a_changed_step_gets_another_name(
    tmp_path: Path, cell: int, source: str, steps: set[str]
) -> None:
    before = tags(tmp_path, CELLS)
    edited = [*CELLS]
    edited[cell] = (edited[cell][0], source)
    assert changed(before, tags(tmp_path, edited)) == steps


def test_a_retry_policy_reaches_the_image(tmp_path: Path) -> None:
    before = tags(tmp_path, CELLS)
    retried = [*CELLS[:3], ("step:c|retry:2", "print(y)")]
    assert changed(before, tags(tmp_path, retried)) == {"c"}


def test_files_and_helpers_count_by_content(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("1\n")
    (tmp_path / "helper.py").write_text("X = 1\n")
    cells: Cells = [("step:a", "text = open('t.csv').read()"), ("step:b", "import helper\nh = 1")]
    first = tags(tmp_path, cells)
    (tmp_path / "t.csv").write_text("2\n")
    second = tags(tmp_path, cells)
    (tmp_path / "helper.py").write_text("X = 2\n")
    assert changed(first, second) == {"a"}
    assert changed(second, tags(tmp_path, cells)) == {"b"}


def test_requirements_are_shared_and_code_lies_last(tmp_path: Path) -> None:
    found = plans(compiled(tmp_path, CELLS)).images
    layers = [list(plan.layers) for plan in found]
    assert layers[0][:2] == layers[1][:2] == layers[2][:2]
    for plan in found:
        kinds = [layer.kind for layer in plan.layers]
        assert kinds == sorted(kinds, key=list(LayerKind).index)
        assert kinds[-1] is LayerKind.CODE
        pins = [pin.name for layer in plan.layers for pin in layer.pins]
        assert len(pins) == len(set(pins))
        assert "pandas" in pins


def test_a_smaller_set_lies_under_a_larger_one(tmp_path: Path) -> None:
    cells: Cells = [("step:a", "import yaml\nx = 1"), ("step:b", "import yaml, docker\ny = 1")]
    small, large = plans(compiled(tmp_path, cells)).images
    below = [layer for layer in small.layers if layer.kind is LayerKind.REQUIREMENTS]
    above = [layer for layer in large.layers if layer.kind is LayerKind.REQUIREMENTS]
    assert above[: len(below)] == below
    assert {pin.name for pin in above[-1].pins} >= {"docker", "requests"}


def test_base_image_of_step_pipeline_and_command_line(tmp_path: Path) -> None:
    cells: Cells = [("step:a|image:own:1", "x = 1"), ("step:b", "y = 1")]
    compilation = compiled(tmp_path, cells, {"base_image": "common:1"})
    assert [plan.base.reference for plan in plans(compilation).images] == ["own:1", "common:1"]
    given = plans(compilation, ImageOptions(base="given:1")).images
    assert [plan.base.reference for plan in given] == ["own:1", "given:1"]
    assert given[1].content != plans(compilation).images[1].content


@pytest.mark.parametrize(
    "name", ["/etc/hostname", "../outside.csv", "link.csv", ".env", "keys/server.pem", "gone.csv",
             "to_secret.csv", "credentials.json"]
)  # fmt: skip
def test_what_may_not_travel_is_told_and_left_out(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "nb"
    (folder / "keys").mkdir(parents=True)
    for path in ("../outside.csv", ".env", "keys/server.pem", "credentials.json"):
        (folder / path).write_text("secret")
    (folder / "to_secret.csv").symlink_to(folder / ".env")
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    found = plans(compiled(folder, [("step:a", f"text = open({name!r}).read()")]))
    assert [item.code.name for item in found.diagnostics] == ["file-not-shipped"]
    shipped = [file for layer in found.images[0].layers for file in layer.files]
    assert not any(file.path.endswith(Path(name).name) for file in shipped)


def test_a_folder_of_data_is_shipped_without_its_secrets(tmp_path: Path) -> None:
    for name in ("data/a.csv", "data/deep/b.csv", "data/id_rsa"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    found = plans(compiled(tmp_path, [("step:a", "import os\nx = os.listdir('data')")]))
    data = [file.path for layer in found.images[0].layers if layer.kind is LayerKind.DATA
            for file in layer.files]  # fmt: skip
    assert data == ["/kalelike/files/data/a.csv", "/kalelike/files/data/deep/b.csv"]


def test_a_package_of_the_users_travels_without_its_secrets(tmp_path: Path) -> None:
    package = tmp_path / "mine"
    package.mkdir()
    for name in ("__init__.py", "table.csv", "server.pem", ".token"):
        (package / name).write_text("")
    (package / "passwd").symlink_to("/etc/passwd")
    (package / "more.csv").symlink_to("table.csv")
    found = plans(compiled(tmp_path, [("step:a", "import mine\nx = 1")]))
    told = [item.message for item in found.diagnostics if item.code.name == "file-not-shipped"]
    assert [text.partition(" ")[0] for text in told] == ["mine/passwd", "mine/server.pem"]
    shipped = [file.path.rpartition("/")[2] for layer in found.images[0].layers
               if layer.kind is LayerKind.MODULES for file in layer.files]  # fmt: skip
    assert shipped == ["__init__.py", "more.csv", "table.csv"]


def test_a_program_beside_the_notebook_stays_one(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1")
    cells = [("step:a", "text = open('rows.csv').read()")]
    (before,) = plans(compiled(tmp_path, cells)).images
    (tmp_path / "rows.csv").chmod(0o4777)
    (after,) = plans(compiled(tmp_path, cells)).images
    assert before.tag != after.tag
    archives = Archives(tmp_path / "layers", Installed.here(), "x86_64")
    for plan, mode in ((before, 0o644), (after, 0o755)):
        layer = next(item for item in plan.layers if item.kind is LayerKind.DATA)
        with tarfile.open(archives.write(plan, layer)) as archive:
            entry = archive.getmember("kalelike/files/rows.csv")
            assert (entry.mode, entry.uid, entry.gid, entry.uname) == (mode, 0, 0, "")


def test_a_file_that_changes_after_the_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1")
    (plan,) = plans(compiled(tmp_path, [("step:a", "text = open('rows.csv').read()")])).images
    (tmp_path / "rows.csv").write_text("2")
    archives = Archives(tmp_path / "layers", Installed.here(), "x86_64")
    layer = next(item for item in plan.layers if item.kind is LayerKind.DATA)
    with pytest.raises(BuildError) as caught:
        archives.write(plan, layer)
    assert "rows.csv changed" in caught.value.diagnostics[0].message
    assert list((tmp_path / "layers").iterdir()) == []


def test_the_runtime_is_whole_and_alone(tmp_path: Path) -> None:
    layers = plans(compiled(tmp_path, CELLS)).images[0].layers
    paths = [file.path for layer in layers if layer.kind is LayerKind.RUNTIME
             for file in layer.files]  # fmt: skip
    here = Path(kalelike.runtime.__file__).parent
    modules = {path.relative_to(here).as_posix() for path in here.rglob("*.py")}
    assert {path.partition("/runtime/")[2] for path in paths} - {""} == modules
    outside = [path for path in paths if "/runtime/" not in path]
    assert outside == ["/kalelike/lib/kalelike/__init__.py"]


def test_dockerfile(tmp_path: Path) -> None:
    plan = plans(compiled(tmp_path, CELLS, {"base_image": "base:1"})).images[0]
    text = render_dockerfile(plan)
    lines = text.splitlines()
    assert lines[0] == "FROM base:1"
    assert lines[-1] == f"ADD layers/{plan.layers[-1].name}.tar /"
    assert [line for line in lines if line.startswith("ADD ")] == [
        f"ADD layers/{layer.name}.tar /" for layer in plan.layers
    ]
    assert "USER 65532:65532" in lines
    assert not any(line.startswith(("RUN", "ARG", "COPY")) for line in lines)


def test_nothing_a_user_writes_ends_a_label(tmp_path: Path) -> None:
    name = 'x" $HOME \\\nRUN evil'
    compilation = compiled(tmp_path, CELLS, {"description": name})
    text = render_dockerfile(plans(compilation).images[0])
    assert 'description="x\\" \\$HOME \\\\\\\\nRUN evil"' in text
    assert not any(line.startswith("RUN") for line in text.splitlines())
