"""The files of a build: how each is opened, and the statements that make the tables of the
archive (schema.sql), of the scratch file and of the state file."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from clippings.database.rows import COLUMNS

# Nothing is checked here but what would lose a row: the archive's own tables do that.
_KEYS = {
    "articles": "id integer primary key",
    "tokens": "article integer primary key",
    "placements": "id integer primary key",
    "sketches": "article integer primary key",
}

STATE = (
    # What each file was when it was last read. `text` is null for a file in quarantine.
    """create table state.files (
         path text primary key, stamp text not null, digest text not null, text text
       ) without rowid""",
    # What each article is about (clippings/similarity/related.py).
    """create table state.keywords (
         keyword integer, article integer, factor integer, primary key (keyword, article)
       ) without rowid""",
    # What tells that articles tell one story (clippings/similarity/components.py). A place stands
    # for an article and orders it; an edge is a pair that is alike, in each clue that pairs it.
    "create table state.sketches (place text primary key, sketch blob) without rowid",
    """create table state.clues (
         clue integer, place text, primary key (clue, place)
       ) without rowid""",
    """create table state.edges (
         clue integer, one text, other text, primary key (clue, one, other)
       ) without rowid""",
    # Which program made which database.
    "create table state.about (name text primary key, value text not null) without rowid",
)

STATE_INDEXES = (
    # The files that hold the same text.
    "create index if not exists state.files_text on files (text)",
    # What an article is about.
    "create index if not exists state.keywords_article on keywords (article)",
)


def attach(conn: sqlite3.Connection, name: str, path: Path) -> None:
    """Attach a file of the build's own folder: thrown away unless the build ends well, so
    nothing of it need outlast a crash."""
    conn.execute(f"attach ? as {name}", [str(path)])
    conn.execute(f"pragma {name}.journal_mode = off")
    conn.execute(f"pragma {name}.synchronous = off")


def run_all(conn: sqlite3.Connection, statements: Iterable[str]) -> None:
    """Execute the statements, one after the other."""
    for statement in statements:
        conn.execute(statement)


def reading(path: Path) -> closing[sqlite3.Connection]:
    """A connection that only reads, for a `with`. Raises sqlite3.DatabaseError as it is used."""
    return closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True))


def archive_schema() -> tuple[list[str], list[str]]:
    """The statements of schema.sql: those that make tables, those that make indexes."""
    statements = []
    text = ""
    for line in (
        (files("clippings.database") / "schema.sql").read_text("utf-8").splitlines(keepends=True)
    ):
        text += line
        if sqlite3.complete_statement(text):
            statements.append(text.strip())
            text = ""
    is_index = re.compile(r"^create (unique )?index", re.MULTILINE)
    tables = [sql for sql in statements if not is_index.search(sql)]
    return tables, [sql for sql in statements if is_index.search(sql)]


def scratch_schema() -> Iterator[str]:
    """The scratch file's tables: the rows as they come, and what is worked out of them."""
    for table, columns in COLUMNS.items():
        key = _KEYS.get(table, columns[0])
        names = [key if name == key.split()[0] else name for name in columns]
        yield f"create table staged.{table} ({', '.join(names)})"
    yield "create table staged.files (path text primary key, stamp, digest, text) without rowid"
    yield "create table staged.stamps (path text primary key, stamp) without rowid"
    # Files whose rows leave the archive: changed, gone, or of one text with such a file.
    yield "create table staged.dropped (path text primary key) without rowid"
    # The file that gives a text its article: the first of those that hold it.
    yield "create table staged.chosen (article integer primary key, of_text text unique)"
    yield "create table staged.retired (article integer primary key)"
    yield "create table staged.days (day text primary key, before integer) without rowid"
    yield "create table staged.docids (article integer primary key, docid integer)"
    yield "create table staged.rare (keyword integer primary key, weight integer)"
    yield """create table staged.closest (
        article integer, place, other, score, story, primary key (article, place)) without rowid"""
    yield "create table staged.affected (article integer primary key)"
    # Places in the order of a clue that an article left or took.
    yield "create table staged.spots (clue, place, primary key (clue, place))"
    yield """create table staged.pairs (
        one, other, clue, primary key (one, other, clue)) without rowid"""
    yield "create table staged.together (root, article integer primary key)"
    yield "create table staged.told (article integer primary key, story)"
    yield "create table staged.retold (article integer primary key)"
    yield "create table staged.former (id integer primary key, title, digest, front_matter)"
