"""The workflows that a forge runs: what they call is there, and the nightly one does what it says.

Its steps are run here in their order, in a copy of the checkout, with a repository of articles and
a `gh` that keeps a release in a folder. Steps of others (checkout, cache) are what a forge does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
NIGHTLY = ROOT / ".github/workflows/nightly.yml"
ELSEWHERE = set[str]()
"""Steps of the nightly build that have tests of their own."""

GH = """#!/bin/sh
# A forge's release, kept in the folder $STORE.
case "$1 $2" in
  "release view") test -d "$STORE" ;;
  "release create") mkdir "$STORE" ;;
  "release download") mkdir -p data/published && cp "$STORE/SHA256SUMS" data/published/ ;;
  "release upload")
    shift 3
    for file; do
      test "$file" = --clobber || { cp "$file" "$STORE" && echo "uploaded $file"; }
    done ;;
esac
"""
MAKE = """#!/bin/sh
# What is installed is used as it is: tests reach no network.
exec {make} --old-file .venv/.core BIN={bin} "$@"
"""
PYTHON = """#!/bin/sh
test "$1 $2" = "-m pip" || exec {python} "$@"
"""


def jobs(workflow: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(workflow.read_text())["jobs"]
    return found


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(workflow).values() for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_little(workflow: Path) -> None:
    """Rights are given job by job, none by default, and each action has a whole version."""
    whole = yaml.safe_load(workflow.read_text())
    assert whole["permissions"] in ({}, {"contents": "read"}) and "concurrency" in whole
    for step in steps(workflow):
        assert "uses" not in step or re.fullmatch(r"actions/[\w/-]+@v\d+\.\d+\.\d+", step["uses"])
        assert "${{" not in step.get("run", ""), "values come by the environment, not as code"
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_what_they_make_is_in_the_makefile() -> None:
    """Every target is there, and every variable that is given to one."""
    makefile = (ROOT / "Makefile").read_text()
    commands = [step.get("run", "") for workflow in WORKFLOWS for step in steps(workflow)]
    calls = re.findall(r"^\s*make (\w+)(.*)$", "\n".join(commands), re.MULTILINE)
    assert {target for target, _ in calls} >= {"release"}
    for target, arguments in calls:
        assert f"\n{target}:" in makefile
        for name in re.findall(r" ([A-Z]+)=", arguments):
            assert f"\n{name} ?=" in makefile, name
    assert (ROOT / ".ci/run").exists()


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what the repository holds, and the programs that the steps call."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, names.stdout.decode().split("\0")):
        target = tmp_path / "checkout" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    programs = tmp_path / "bin"
    programs.mkdir()
    known = {"make": shutil.which("make"), "bin": programs, "python": sys.executable}
    for name, text in {"gh": GH, "make": MAKE, "python": PYTHON}.items():
        (programs / name).write_text(text if name == "gh" else text.format(**known))
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("STORE", str(tmp_path / "store"))
    monkeypatch.setenv("ARTICLES", str(tmp_path / "articles"))
    return tmp_path / "checkout"


def night(checkout: Path) -> str:
    """Run the steps of a night, as a forge's shell does. Gives what they said."""
    said = ""
    for step in jobs(NIGHTLY)["build"]["steps"]:
        if "run" in step and not any(f"make {name}" in step["run"] for name in ELSEWHERE):
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            done = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
            assert done.returncode == 0, (step["name"], done.stdout, done.stderr)
            said += done.stdout
    return said


def test_three_nights(checkout: Path, tmp_path: Path) -> None:
    """The first builds and publishes everything, one without news nothing; the third reads the one
    new article only, and the release is that of the new database, checksums last."""
    articles, store = tmp_path / "articles", tmp_path / "store"
    shutil.copytree(ROOT / "seeds", articles)
    git(articles, "init", "--quiet")
    git(articles, "add", ".")
    git(articles, "commit", "--quiet", "-m", "a")
    assert "uploaded data/release/clippings.db" in night(checkout)
    said = night(checkout)
    assert "0 files read" in said and "uploaded" not in said
    (articles / "new.md").write_text("---\ntitle: 新的一篇\n---\n正文\n")
    git(articles, "add", ".")
    git(articles, "commit", "--quiet", "-m", "b")
    said = night(checkout)
    assert "1 files read; articles: 1 added" in said
    assert said.rstrip().endswith("uploaded data/release/SHA256SUMS")
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=store, check=True)
