"""The README says what is so: its commands run, its files exist, its help is the program's."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from build_db import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BUILDING = (ROOT / "docs/building.md").read_text()
COMMANDS = [
    command
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for command in block.splitlines()
]
INSTALLED = (ROOT / ".venv/.core").exists()


def test_the_two_commands_stand_there() -> None:
    """A newcomer needs `make serve` and `make test`; both are made by the Makefile."""
    assert COMMANDS[:2] == ["make serve", "make test"]


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_every_make_command_is_one(command: str) -> None:
    """What the README tells to make, `make` knows how to."""
    done = subprocess.run(
        [*shlex.split(command), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if "build_db.py" in c])
def test_every_build_command_builds(command: str, tmp_path: Path) -> None:
    """With a folder of articles put where the README's path stands."""
    (tmp_path / "path/to/articles").mkdir(parents=True)
    (tmp_path / "path/to/articles/a.md").write_text("正文")
    words = shlex.split(command)
    words[:2] = [sys.executable, str(ROOT / "build_db.py")]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "news.db").exists()


@pytest.mark.skipif(not INSTALLED, reason="no .venv made by make")
@pytest.mark.parametrize("command", [c for c in COMMANDS if "clippings search" in c])
def test_every_search_command_finds(command: str, database: Path) -> None:
    """In a database of seeds/, like the one that `make serve` builds."""
    known = {**os.environ, "CLIPPINGS_DATABASE": str(database)}
    subprocess.run(shlex.split(command), cwd=ROOT, env=known, check=True, capture_output=True)


def test_the_python_example_runs(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's Python, beside the database of seeds/."""
    (example,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(database.parent)
    known: dict[str, object] = {}
    for line in example.splitlines():
        if line.startswith("archive."):
            assert len(eval(line, known)) > 0, line
        else:
            exec(line, known)


def test_help_is_the_programs() -> None:
    """The help block of docs/building.md is what `build_db.py --help` prints."""
    help_text = CliRunner().invoke(main, ["--help"], prog_name="build_db.py").output
    assert help_text in BUILDING, f"put this into docs/building.md:\n{help_text}"


@pytest.mark.parametrize("path", re.findall(r"\]\((?!http|#)([^)]+)\)", README))
def test_links_lead_somewhere(path: str) -> None:
    """Pictures and pages that the README links are in the repository."""
    assert (ROOT / path).exists()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of `make serve`, running; as the README has it, but on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        ["make", "serve", f"PORT={port}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, server)
        yield address
    finally:
        os.killpg(server.pid, 15)
        server.communicate(timeout=20)


def wait_for(address: str, server: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=5)
            return
        except urllib.error.URLError:
            assert server.poll() is None, server.communicate()[0]
            time.sleep(0.2)
    raise AssertionError(f"nothing answers at {address}")


@pytest.mark.skipif(not INSTALLED, reason="no .venv made by make")
def test_make_serve_answers(served: str) -> None:
    """Home, table, an article, search in Chinese and the download answer."""
    search = urllib.parse.quote("核战")
    for path in (
        "/",
        "/clippings/articles",
        "/clippings.db",
        f"/clippings/articles.json?_search={search}&_shape=array",
    ):
        with urllib.request.urlopen(served + path, timeout=30) as answer:
            body = answer.read()
            assert answer.status == 200
        if "_search" in path:
            assert "核战争打不赢也打不得".encode() in body or b"7.5" in body
        if path == "/clippings.db":
            assert body.startswith(b"SQLite format 3\0")


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.name)
def test_every_test_that_the_docs_name_exists(page: Path) -> None:
    """A promise names the file that holds it."""
    there = {file.name for file in ROOT.glob("tests/**/test_*.py")}
    assert set(re.findall(r"\btest_\w+\.py\b", page.read_text())) <= there
