"""`clippings search`: what it prints for people and for programs, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import ROOT
from wcwidth import width

from clippings.command import main

COMMAND = Path(sys.executable).with_name("clippings")
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def file(database: Path) -> str:
    """The database of seeds/, as a word of a command."""
    return str(database)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["search", *words])


def on_a_terminal(*words: str, columns: int, **environment: str) -> str:
    """What the command writes where its output is a terminal of so many columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **environment}
    command = [sys.executable, "-c", "from clippings.command import main; main()", "search", *words]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=theirs, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        os.close(theirs)
        found = b""
        while block := _read(ours):
            found += block
        process.wait(timeout=60)
    os.close(ours)
    return found.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # how Linux says that the other end is closed
        return b""


def test_people_see_title_origin_and_passage(file: str) -> None:
    """Through a pipe: no colour, nothing wrapped, the count apart from the results."""
    result = run("彗星", "source:样例科技", "--database", file)
    assert result.exit_code == 0
    first, origin, passage, blank, *_ = result.stdout.splitlines()
    assert first == "样例彗星为什么有两条尾巴"
    assert origin == "  2022-01-25 · 样例科技 · no. 7832465127429094"
    assert passage.startswith("  上周末的照片里，样例彗星") and blank == ""
    assert not ANSI.search(result.stdout)
    assert result.stderr == "2 of 2 articles\n"


def test_a_terminal_gets_colour_and_its_width(file: str) -> None:
    """Matches are coloured, also across a line's end, and no line is wider than the terminal,
    where a Chinese character takes two columns."""
    shown = on_a_terminal("彗星", "--database", file, columns=30)
    assert "\x1b[33m\x1b[1m彗星\x1b[0m" in shown
    assert 26 <= max(width(line) for line in shown.splitlines()) <= 30
    assert not ANSI.search(on_a_terminal("彗星", "-d", file, columns=80, NO_COLOR="1"))


def test_a_strange_title_moves_no_cursor(file: str, tmp_path: Path) -> None:
    """Control characters and turned directions in an article are blanks when it is printed."""
    evil = "\x1b]0;mine\x07标题\x9b2J\u202egnp"
    copy = tmp_path / "copy.db"
    copy.write_bytes(Path(file).read_bytes())
    with sqlite3.connect(copy) as conn:
        conn.execute("update articles set title = ?, source = ?, markdown = ?", [evil] * 3)
    conn.close()
    shown = ANSI.sub("", on_a_terminal("彗星", "-d", str(copy), columns=80))
    assert "标题" in shown
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)


def test_json_and_csv_hold_the_same(file: str) -> None:
    """All columns and the passage, for programs; an empty answer is an empty table."""
    rows = json.loads(run("彗星", "--json", "-d", file).stdout)
    table = [*csv.DictReader(io.StringIO(run("彗星", "--csv", "-d", file).stdout))]
    assert [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in rows
    ] == table
    assert len(rows) == 4
    assert json.loads(run("nosuchword", "--json", "-d", file).stdout) == []
    assert run("nosuchword", "--csv", "-d", file).stdout.startswith("id,title,published,")


def test_the_closest_are_not_counted(file: str) -> None:
    """They follow their own sentence, and no number of exact ones."""
    result = run("彗星为什么有两条尾巴呢", "-d", file)
    assert (result.exit_code, result.stderr) == (1, "Nothing holds all of it; closest:\n")


def test_limit_and_order(file: str) -> None:
    """--limit cuts and says so; --order newest is by day."""
    result = run("彗星", "-n", "3", "--order", "newest", "--json", "-d", file)
    days = [row["day"] for row in json.loads(result.stdout)]
    assert len(days) == 3 and days == sorted(days, reverse=True)
    assert result.stderr == "3 of 4 articles; --limit shows more\n"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["彗星"], 0, ""),
        (["nosuchword"], 1, "Nothing was found"),
        (["date:2022-02-30", "彗星"], 1, "Not a date; searched as words: date:2022-02-30"),
        (["source:nosuch", "彗星"], 1, "No source of this archive is called so: source:nosuch"),
        (["--", "-彗星"], 0, ""),
        (["彗星", "--database", "nosuch.db"], 2, "nosuch.db: there is no such file"),
        (["彗星", "--database", "README.md"], 2, "README.md: not a database of Clippings"),
        (["彗星", "--limit", "0"], 2, "0 is not in the range"),
        ([], 2, "Missing argument"),
    ],
)
def test_how_it_ends(
    words: list[str], status: int, message: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 found, 1 nothing found, 2 trouble; what was odd is said on stderr."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("CLIPPINGS_DATABASE", file)
    result = run(*words)
    assert result.exit_code == status
    assert message in result.stderr


@pytest.mark.skipif(not COMMAND.exists(), reason="the package is not installed here")
def test_it_is_installed(file: str) -> None:
    """`clippings` is a command, and a reader who has seen enough (head) does not upset it."""
    command = f"'{COMMAND}' search '' -n 200 --json -d '{file}' | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "[\n"
    assert "Traceback" not in done.stderr


def test_words_in_context_are_aligned(file: str) -> None:
    """The word begins in one column, whatever is before it; a line has the terminal's width."""
    options = {"COLUMNS": "80"}
    words = ["concordance", "-d", file, "彗星", "--sort", "right", "-n", "5"]
    done = CliRunner(env=options).invoke(main, words)
    lines = done.stdout.splitlines()
    assert (done.exit_code, len(lines)) == (0, 5)
    assert all(width(line) <= 80 for line in lines)
    side = 12 + (80 - 12 - 4) // 2
    assert all(width(line[: place(line, side)]) == side for line in lines)
    assert " occurrences in " in done.stderr
    nothing = CliRunner().invoke(main, ["concordance", "-d", file, "nosuchword"])
    assert (nothing.exit_code, nothing.stderr) == (1, "Nothing was found.\n")


def place(line: str, column: int) -> int:
    """The index of the character that begins at a column, which has to be the word's."""
    index = next(i for i in range(len(line)) if width(line[:i]) >= column)
    assert line.startswith("彗星", index), line
    return index
