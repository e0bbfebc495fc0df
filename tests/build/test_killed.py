"""Whatever ends a build, the target is the whole old database or the whole new one.

`CLIPPINGS_SOAK=1` (make soak) kills 300 builds instead of ten.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import build_db
from clippings.build.executors import mapper
from clippings.build.pipeline import build
from clippings.build.process import load_tables
from clippings.build.publishing import draft_folder, publish_folder
from clippings.search.folding import folding_table

ROOT = Path(__file__).parents[2]
SOAK = bool(os.environ.get("CLIPPINGS_SOAK"))
KILLS = 300 if SOAK else 10
FILES = 80  # more than one piece of work
PUBLISHED = {"clippings.db", "inspect-data.json", ".clippings.db.state"}

ARTICLE = """---
title: 第{number}篇：江城的雪
categories: [新媒体, 示例网, 头条]
date: 2022-01-{day:02} 08:00:00
---
<p>第{number}篇正文。{text}</p><p><a href="https://a.example/{number}">来源</a></p>
"""


def forked(work: Callable[[], object]) -> tuple[int, int]:
    """Begin a piece of work in a process of its own, which need not load anything; return its
    number, and the end of a pipe at which its standard error comes out."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks: the child needs no thread
        child = os.fork()
    if child:
        os.close(write)
        return child, read
    os.setsid()
    os.dup2(write, 2)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    status = 1
    try:
        work()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except Exception:  # noqa: BLE001 - its parent sees the status
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(status)


def ended(child: int, read: int) -> tuple[int, str]:
    """Wait for the end of such work: its status, negative the signal that killed it, and what it
    wrote to standard error."""
    with open(read) as stderr:
        told = stderr.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), told


def die_at(step: int) -> None:
    """Have this process killed before the nth time that it syncs or renames a file."""
    steps = itertools.count()

    def dying(call: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object) -> object:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments)

        return counted

    for name in ("fsync", "replace", "rename"):
        setattr(os, name, dying(getattr(os, name)))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    load_tables()  # what is forked has them
    folding_table()
    words = random.Random(7)
    for number in range(FILES):
        text = "".join(chr(words.randrange(0x4E00, 0x5200)) for _ in range(400))
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
    assert run(half, folder / "clippings.db") == (0, "")
    return folder


@pytest.fixture
def target(old: Path, tmp_path: Path) -> Path:
    """The old database, about to be replaced."""
    shutil.copytree(old, tmp_path, dirs_exist_ok=True)
    return tmp_path / "clippings.db"


def command(source: Path, target: Path, *how: str) -> Callable[[], None]:
    """The command line of a build, to be forked."""
    return lambda: build_db.main(["-q", str(source), "-o", str(target), *how])


def run(source: Path, target: Path, *how: str, largest_file: int | None = None) -> tuple[int, str]:
    """Build in a process of its own, whose files may have so many bytes."""

    def limited() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
        command(source, target, "-j1", *how)()

    return ended(*forked(limited))


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
    assert ended(*forked(command(source, target.with_name("whole.db"), "-j2"))) == (0, "")
    seconds = time.monotonic() - began
    moments = random.Random(20220111)
    seen: dict[int, int] = {}
    for number in range(KILLS):
        child, stderr = forked(command(source, target, "-j2", *["--fresh"] * (number % 2)))
        # Evenly over the build, in an order that a slow or a fast machine does not matter to.
        time.sleep(seconds * 1.05 * (number + moments.random()) / KILLS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        ended(child, stderr)
        count = articles_in(target)
        seen[count] = seen.get(count, 0) + 1
        if count == FILES:
            shutil.copytree(old, target.parent, dirs_exist_ok=True)
    assert FILES // 2 in seen and set(seen) <= {FILES // 2, FILES}, seen
    assert run(source, target) == (0, "")
    left = {entry.name for entry in target.parent.iterdir()}
    assert left == PUBLISHED | {"whole.db", ".whole.db.state"}


@pytest.mark.parametrize("step", range(9))
@pytest.mark.parametrize("how", ["--fresh", "--quiet"])
def test_killed_while_it_publishes(source: Path, target: Path, step: int, how: str) -> None:
    """Before each sync and each rename there is no moment at which the target is not whole, and
    what the next build then makes of it is right."""
    if how == "--quiet" and step % 3 and not SOAK:
        pytest.skip("the steps are those of --fresh; make soak takes them all")
    dying = ended(*forked(lambda: (die_at(step), command(source, target, "-j1", how)())))
    assert dying in ((0, ""), (-signal.SIGKILL, ""))
    assert articles_in(target) in {FILES // 2, FILES}
    assert run(source, target) == (0, "")
    assert articles_in(target) == FILES
    assert {entry.name for entry in target.parent.iterdir()} == PUBLISHED


@pytest.mark.parametrize("step", range(8))
def test_killed_while_a_folder_is_swapped(tmp_path: Path, step: int) -> None:
    """A release is the whole old one, the whole new one, or for a moment none; never half of one.
    The next run puts a whole one there and clears up."""
    target = tmp_path / "release"

    def fill(folder: Path, text: str) -> None:
        (folder / "below").mkdir(parents=True)
        for name in ("a", "below/b"):
            (folder / name).write_text(text)

    def swap(step: int) -> None:
        die_at(step)
        with draft_folder(target) as folder:
            fill(folder / "new", "new")
            publish_folder(folder / "new", target)

    def swapped(step: int) -> set[str]:
        status, told = ended(*forked(lambda: swap(step)))
        assert status in (0, -signal.SIGKILL), told
        files = [path for path in target.rglob("*") if path.is_file()] if target.exists() else []
        assert len(files) in (0, 2)
        return {file.read_text() for file in files}

    fill(target, "old")
    assert swapped(step) in (set(), {"old"}, {"new"})
    assert swapped(1000) == {"new"}
    assert os.listdir(tmp_path) == ["release"]


@pytest.mark.parametrize("kilobytes", [0, 8, 64, 300, 600])
@pytest.mark.parametrize("how", ["--fresh", "--quiet"])
def test_disk_is_full(source: Path, target: Path, kilobytes: int, how: str) -> None:
    """No file may grow further: a sentence that says so, status 1, and the old database."""
    before = target.read_bytes()
    status, told = run(source, target, how, largest_file=kilobytes * 1024)
    assert status == 1 and "Traceback" not in told, told
    assert "clippings.db" in told
    assert target.read_bytes() == before
    assert run(source, target) == (0, "")
    assert {entry.name for entry in target.parent.iterdir()} == PUBLISHED


def test_folder_cannot_be_written(source: Path, target: Path) -> None:
    """The place of the draft is taken: a sentence, status 1, and the old database."""
    before = target.read_bytes()
    target.with_name(".clippings.db.draft").write_text("not a folder")
    status, told = run(source, target)
    assert status == 1 and "Traceback" not in told
    assert ".clippings.db.draft" in told
    assert target.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to a read-only folder")
def test_folder_is_read_only(source: Path, target: Path) -> None:
    """A folder without write permission: the same."""
    target.parent.chmod(0o555)
    try:
        status, told = run(source, target)
    finally:
        target.parent.chmod(0o755)
    assert status == 1 and "Traceback" not in told
    assert articles_in(target) == FILES // 2


def test_memory_is_short(source: Path, target: Path) -> None:
    """Too little memory: never a traceback alone, status 1, and the old database stays."""
    before = target.read_bytes()
    limit = 90 * 2**20
    program = [sys.executable, str(ROOT / "build_db.py"), "-q", str(source), "-o", str(target)]
    small = subprocess.run(
        program,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        check=False,
    )
    assert small.returncode != 0
    assert target.read_bytes() == before
    assert run(source, target) == (0, "")


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
