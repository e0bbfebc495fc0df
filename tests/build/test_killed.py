"""Whatever ends a build, the target is the whole old database or the whole new one.

`CLIPPINGS_SOAK=1` (make soak) kills 300 builds instead of a dozen.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from clippings.build.executors import mapper
from clippings.build.pipeline import build

ROOT = Path(__file__).parents[2]
KILLS = 300 if os.environ.get("CLIPPINGS_SOAK") else 12
FILES = 150
PUBLISHED = {"clippings.db", "inspect-data.json", ".clippings.db.state"}

ARTICLE = """---
title: 第{number}篇：江城的雪
categories: [新媒体, 示例网, 头条]
date: 2022-01-{day:02} 08:00:00
---
<p>第{number}篇正文。{text}</p><p><a href="https://a.example/{number}">来源</a></p>
"""

DIES_AT = """
import os, signal, sys
left = int(sys.argv.pop(1))
def dying(step):
    def call(*arguments):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*arguments)
    return call
os.fsync, os.replace, os.rename = dying(os.fsync), dying(os.replace), dying(os.rename)
"""
"""Killed before the nth time that a file is synced or renamed."""

BUILDS = """
from build_db import main
main()
"""

SWAPS_A_FOLDER = """
from pathlib import Path
from clippings.build.publishing import draft_folder, publish_folder
target = Path(sys.argv[1])
with draft_folder(target) as folder:
    draft = folder / "new"
    (draft / "below").mkdir(parents=True)
    for name in ("a", "below/b"):
        (draft / name).write_text("new")
    publish_folder(draft, target)
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    words = random.Random(7)
    for number in range(FILES):
        text = "".join(chr(words.randrange(0x4E00, 0x9FA5)) for _ in range(600))
        file = folder / f"{number:03}.md"
        file.write_text(ARTICLE.format(number=number, day=number % 28 + 1, text=text))
    return folder


@pytest.fixture(scope="module")
def old(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the published database of half of the articles."""
    half = tmp_path_factory.mktemp("half")
    for file in sorted(source.iterdir())[: FILES // 2]:
        shutil.copy(file, half)
    folder = tmp_path_factory.mktemp("old")
    result = run(half, folder / "clippings.db")
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def target(old: Path, tmp_path: Path) -> Path:
    """The old database, about to be replaced."""
    shutil.copytree(old, tmp_path, dirs_exist_ok=True)
    return tmp_path / "clippings.db"


def command(source: Path, target: Path) -> list[str]:
    return [sys.executable, str(ROOT / "build_db.py"), "-q", str(source), "-o", str(target)]


def run(
    source: Path, target: Path, limit: tuple[int, int] | None = None, *how: str
) -> subprocess.CompletedProcess[str]:
    """Build in a process of its own; `limit` is a resource and how much of it there is."""

    def set_limit() -> None:
        if limit:
            resource.setrlimit(limit[0], (limit[1], limit[1]))

    return subprocess.run(
        [*command(source, target), *how],
        capture_output=True,
        text=True,
        preexec_fn=set_limit,
        check=False,
    )


def articles_in(database: Path) -> int:
    """How many articles a database holds; fails where it is not whole."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        assert not db.execute("pragma foreign_key_check").fetchall()
        indexed = db.execute("select count(*) from articles_fts").fetchone()
        assert db.execute("select count from accounting where name = 'articles'").fetchone() == (
            indexed
        )
        return int(indexed[0])


def test_killed_at_random_moments(source: Path, target: Path, old: Path) -> None:
    """At whatever moment it is killed, start to end: old or new, and whole. Every second build
    is from scratch, the others bring the old database up to date."""
    began = time.monotonic()
    assert run(source, target.with_name("whole.db")).returncode == 0
    seconds = time.monotonic() - began
    moments = random.Random(20220111)
    seen: dict[int, int] = {}
    for number in range(KILLS):
        how = ["--fresh"] if number % 2 else []
        process = subprocess.Popen([*command(source, target), *how], start_new_session=True)
        # Evenly over the build, in an order that a slow or a fast machine does not matter to.
        time.sleep(seconds * 1.05 * (number + moments.random()) / KILLS)
        os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.wait()
        count = articles_in(target)
        seen[count] = seen.get(count, 0) + 1
        if count == FILES:
            shutil.copytree(old, target.parent, dirs_exist_ok=True)
    assert FILES // 2 in seen and set(seen) <= {FILES // 2, FILES}, seen
    assert run(source, target).returncode == 0
    left = {entry.name for entry in target.parent.iterdir()}
    assert left == PUBLISHED | {"whole.db", ".whole.db.state"}


@pytest.mark.parametrize("step", range(9))
@pytest.mark.parametrize("how", ["--fresh", "--quiet"])
def test_killed_while_it_publishes(source: Path, target: Path, step: int, how: str) -> None:
    """Before each sync and each rename there is no moment at which the target is not whole, and
    what the next build then makes of it is right."""
    dying = subprocess.run(
        [
            sys.executable,
            "-c",
            DIES_AT + BUILDS,
            str(step),
            *command(source, target)[2:],
            "-j1",
            how,
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert dying.returncode in (0, -signal.SIGKILL), dying.stderr
    assert articles_in(target) in {FILES // 2, FILES}
    assert run(source, target).returncode == 0
    assert articles_in(target) == FILES
    assert {entry.name for entry in target.parent.iterdir()} == PUBLISHED


@pytest.mark.parametrize("step", range(8))
def test_killed_while_a_folder_is_swapped(tmp_path: Path, step: int) -> None:
    """A release is the whole old one, the whole new one, or for a moment none; never half of one.
    The next run puts a whole one there and clears up."""
    target = tmp_path / "release"
    (target / "below").mkdir(parents=True)
    for name in ("a", "below/b"):
        (target / name).write_text("old")

    def swap(step: int) -> set[str]:
        program = [sys.executable, "-c", DIES_AT + SWAPS_A_FOLDER, str(step), str(target)]
        status = subprocess.run(program, cwd=ROOT, check=False).returncode
        assert status in (0, -signal.SIGKILL)
        files = [path for path in target.rglob("*") if path.is_file()] if target.exists() else []
        assert len(files) in (0, 2)
        return {file.read_text() for file in files}

    assert swap(step) in (set(), {"old"}, {"new"})
    assert swap(1000) == {"new"}
    assert os.listdir(tmp_path) == ["release"]


@pytest.mark.parametrize("kilobytes", [0, 8, 64, 300, 600])
@pytest.mark.parametrize("how", ["--fresh", "--quiet"])
def test_disk_is_full(source: Path, target: Path, kilobytes: int, how: str) -> None:
    """No file may grow further: a sentence that says so, status 1, and the old database."""
    before = target.read_bytes()
    result = run(source, target, (resource.RLIMIT_FSIZE, kilobytes * 1024), how)
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert "clippings.db" in result.stderr
    assert target.read_bytes() == before
    assert run(source, target).returncode == 0
    assert {entry.name for entry in target.parent.iterdir()} == PUBLISHED


def test_folder_cannot_be_written(source: Path, target: Path) -> None:
    """The place of the draft is taken: a sentence, status 1, and the old database."""
    before = target.read_bytes()
    target.with_name(".clippings.db.draft").write_text("not a folder")
    result = run(source, target)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert ".clippings.db.draft" in result.stderr
    assert target.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to a read-only folder")
def test_folder_is_read_only(source: Path, target: Path) -> None:
    """A folder without write permission: the same."""
    target.parent.chmod(0o555)
    try:
        result = run(source, target)
    finally:
        target.parent.chmod(0o755)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert articles_in(target) == FILES // 2


def test_memory_is_short(source: Path, target: Path) -> None:
    """Too little memory: never a traceback alone, status 1, and the old database stays."""
    before = target.read_bytes()
    result = run(source, target, (resource.RLIMIT_AS, 90 * 2**20))
    assert result.returncode != 0
    assert target.read_bytes() == before
    assert run(source, target).returncode == 0


def test_files_vanish_while_it_reads(source: Path, tmp_path: Path) -> None:
    """Files that were listed and are gone when their turn comes are counted, in quarantine."""
    folder = tmp_path / "source"
    shutil.copytree(source, folder)

    def remove_the_rest(done: int, total: int) -> None:
        if done == FILES // 3:
            shutil.rmtree(folder)

    accounting = build((folder,), tmp_path / "x.db", mapper(1), 1.0, remove_the_rest).accounting
    assert accounting.files_seen == FILES == accounting.placements + accounting.quarantined
    assert 0 < accounting.quarantined <= FILES - FILES // 3
    assert articles_in(tmp_path / "x.db") == accounting.articles
