"""The commit that an image's label names."""

from __future__ import annotations

import subprocess
from pathlib import Path

from kalelike.image.pipeline import git_revision


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=x", "-c", "user.email=x@x")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_commit_and_changes(tmp_path: Path) -> None:
    assert git_revision(tmp_path) == ""
    git(tmp_path, "init", "-q")
    assert git_revision(tmp_path) == ""
    (tmp_path / "a.txt").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "untracked").write_text("1")
    assert git_revision(tmp_path) == commit
    (tmp_path / "a.txt").write_text("22")
    assert git_revision(tmp_path) == f"{commit}-dirty"
    git(tmp_path, "add", ".")
    assert git_revision(tmp_path) == f"{commit}-dirty"


def test_a_repository_that_names_programs_runs_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("1")
    (tmp_path / ".gitattributes").write_text("* filter=evil diff=evil\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    proof = tmp_path / "ran"
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.process", "diff.external",
                "diff.evil.command", "diff.evil.textconv", "core.pager"):  # fmt: skip
        git(tmp_path, "config", key, f"touch {proof}; cat")
    (tmp_path / "a.txt").write_text("2")
    assert git_revision(tmp_path).endswith("-dirty")
    assert not proof.exists()
    # What the test guards against is there: a plain description of the work tree runs them.
    subprocess.run(["git", "describe", "--always", "--dirty"], cwd=tmp_path, check=False,
                   capture_output=True)  # fmt: skip
    assert proof.exists()
