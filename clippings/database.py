"""The one writer of clippings.db: rows in, a checked database out.

Rows are first staged in a scratch file in the order they come, then copied into
the tables in the order of their keys. So the file is densely packed, the index
is written once in the order of publication, and the result depends on what was
added, not on who prepared it or when.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from clippings.errors import BuildError
from clippings.models import Accounting
from clippings.related import RELATE
from clippings.rows import COLUMNS, OF_AN_ARTICLE, FileRows, Row
from clippings.search import folding_table, index_labels
from clippings.stories import CANDIDATES, KEEP_STORY, stories

_SETTINGS = """
    pragma page_size = 4096;
    pragma journal_mode = off;
    pragma synchronous = off;
    pragma locking_mode = exclusive;
    pragma cache_size = -65536;
"""
# A draft that is not finished is thrown away: a journal would protect nothing.

_COPY_ORDER = {
    "links": "article, position",
    "images": "article, position",
    "features": "feature, article",
    "tags": "tag, article",
    "placements": "id",
    "quarantine": "path",
    "diagnostics": "rowid",
}
"""Table → the order in which its staged rows are copied: that of its key."""

_ARTICLE_NAMES = ", ".join(COLUMNS["articles"])

# Undated articles come first. Numbers without gaps keep the index small.
_NUMBER_ARTICLES = """
    insert into staged.docids (article, docid)
    select id, row_number() over (order by published, id) from staged.articles
"""

_COPY_ARTICLES = f"""
    insert into articles ({_ARTICLE_NAMES}, docid)
    select {_ARTICLE_NAMES}, docid
    from staged.articles join staged.docids on article = id
    order by id
"""

# All places of an article count for `source:` and its like, so their names come together here.
_FILL_INDEX = """
    insert into articles_fts
      (rowid, title, summary, author, body, tags, facts, section, source, feed)
    select docid, title, summary, author, body, tags, facts,
      (select index_labels(json_group_array(distinct section)) from placements p
       where p.article = d.article),
      (select index_labels(json_group_array(distinct source)) from placements p
       where p.article = d.article),
      (select index_labels(json_group_array(distinct feed)) from placements p
       where p.article = d.article)
    from staged.docids d join staged.tokens using (article)
    order by docid
"""

# One large segment is written at a time, and merged with the others once, at the end.
_INDEX_SETTINGS = (
    "insert into articles_fts (articles_fts, rank) values ('hashsize', 67108864)",
    "insert into articles_fts (articles_fts, rank) values ('automerge', 0)",
)
_MERGE_INDEX = "insert into articles_fts (articles_fts) values ('optimize')"

_STAGE = {
    table: f"insert {'or ignore ' if table == 'articles' else ''}into staged.{table}"
    f" ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"
    for table, columns in COLUMNS.items()
}

_COUNTS = {
    "articles": "select count(*) from articles",
    "placements": "select count(*) from placements",
    "repaired": "select count(distinct path) from diagnostics where severity = 'warning'",
    "quarantined": "select count(*) from quarantine",
}


_DISK = re.compile(r"disk I/O|is full|unable to open")
"""What SQLite says when the disk fails it; any other error of its is a bug of ours."""


@contextlib.contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Raise BuildError, naming the target, where SQLite cannot write in the block."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if not _DISK.search(str(error)):
            raise
        raise BuildError(
            f"{target}: {error}: no space left, or a quota or limit reached"
        ) from error


class ArchiveWriter:
    """Writes one new database. Use once: `add` each file's rows, then `finish`."""

    def __init__(self, path: Path, scratch: Path) -> None:
        """`path` and `scratch` must not exist yet; both lie on the disk of the target."""
        self.db = Database(sqlite3.connect(path, isolation_level=None))
        self._run = self.db.conn.execute
        self.db.conn.create_function("index_labels", 1, _index_names, deterministic=True)
        self.db.conn.create_function("ln", 1, math.log, deterministic=True)
        self.db.conn.executescript(_SETTINGS)
        self._run("attach ? as staged", [str(scratch)])
        self.db.conn.executescript("pragma staged.journal_mode=off; pragma staged.synchronous=off")
        tables, self._indexes = _schema()
        self._run("begin")
        for statement in (*tables, *_scratch_schema()):
            self._run(statement)

    def add(self, rows: FileRows) -> None:
        """Stage what one file gives. A file that comes later and holds the text of an
        earlier one adds a placement to its article."""
        article = None if rows.digest is None else self._article_of(rows)
        for table in ("placements", "diagnostics"):
            self._stage(table, [(article, *row) for row in rows.tables.get(table, ())])
        self._stage("quarantine", rows.tables.get("quarantine", ()))

    def finish(self, files_seen: int) -> Accounting:
        """Make the database of what was staged and check it.

        Raises BuildError when a check finds what must never be: then there is
        nothing to publish.
        """
        self._copy()
        # The tables' indexes come first: the search index looks the placements up by article.
        for statement in (*self._indexes, *_INDEX_SETTINGS, _FILL_INDEX, _MERGE_INDEX):
            self._run(statement)
        self.db.conn.executemany(KEEP_STORY, stories(self._run(CANDIDATES)))
        for statement in RELATE:
            self._run(statement)
        accounting = self._account(files_seen)
        self._run("commit")
        self._run("detach staged")
        self._run("analyze")
        self._check(accounting)
        return accounting

    def close(self) -> None:
        """Let go of the file."""
        self.db.conn.close()

    def _article_of(self, rows: FileRows) -> int:
        """The article of a file: a new one, or that which already holds its text."""
        (row,) = rows.tables["articles"]
        new = self._run(_STAGE["articles"], row).rowcount
        if not new:
            return self._article_with(rows.digest)
        for table in OF_AN_ARTICLE:
            self._stage(table, rows.tables[table])
        return int(row[0])

    def _article_with(self, digest: str | None) -> int:
        found = self._run("select id from staged.articles where digest = ?", [digest]).fetchone()
        if found is None:
            raise BuildError(
                "two paths have the same id, which happens once in some ten million archives; "
                "rename the file that was added last"
            )
        return int(found[0])

    def _stage(self, table: str, rows: Sequence[Row]) -> None:
        if rows:
            self.db.conn.executemany(_STAGE[table], rows)

    def _copy(self) -> None:
        """From the scratch file into the tables, in the order of their keys."""
        self._run(_NUMBER_ARTICLES)
        self._run(_COPY_ARTICLES)
        for table, order in _COPY_ORDER.items():
            names = ", ".join(COLUMNS[table])
            copy = f"insert into {table} ({names}) select {names} from staged.{table}"
            self._run(f"{copy} order by {order}")
        self.db.conn.executemany("insert into folding values (?, ?)", folding_table())

    def _account(self, files_seen: int) -> Accounting:
        """Count what became of the files, and keep the counts in the database."""
        count = {name: self._run(sql).fetchone()[0] for name, sql in _COUNTS.items()}
        accounting = Accounting(files_seen, **count)
        rows = sorted({"files_seen": files_seen, **count}.items())
        self.db.conn.executemany("insert into accounting values (?, ?)", rows)
        return accounting

    def _check(self, accounting: Accounting) -> None:
        if accounting.files_seen != accounting.placements + accounting.quarantined:
            raise BuildError(f"files were lost on the way: {accounting}")
        self._run("insert into articles_fts (articles_fts) values ('integrity-check')")
        for pragma, healthy in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
            if (found := self._run(f"pragma {pragma}").fetchall()) != healthy:
                raise BuildError(f"the new database fails SQLite's {pragma}: {found[:3]}")


def inspect_data(path: Path) -> dict[str, Any]:
    """What `datasette inspect` would say of a finished database, under its name.

    Datasette serves a database that it knows this of as immutable, and does not
    count its tables again. Hidden index tables are left out.
    """
    db = Database(sqlite3.connect(f"file:{path}?mode=ro", uri=True))
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    tables = {name: {"count": db[name].count} for name in db.table_names() if "_fts" not in name}
    db.conn.close()
    return {"hash": digest.hexdigest(), "size": path.stat().st_size, "tables": tables}


def _schema() -> tuple[list[str], list[str]]:
    """The statements of schema.sql: those that make tables, those that make indexes."""
    statements = []
    text = ""
    for line in (files("clippings") / "schema.sql").read_text("utf-8").splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            statements.append(text.strip())
            text = ""
    is_index = re.compile(r"^create (unique )?index", re.MULTILINE)
    tables = [sql for sql in statements if not is_index.search(sql)]
    return tables, [sql for sql in statements if is_index.search(sql)]


def _scratch_schema() -> Iterator[str]:
    """The scratch file's tables: the rows as they come, nothing checked but the texts."""
    for table, columns in COLUMNS.items():
        names = ", ".join(columns)
        if table == "articles":
            names = names.replace("id,", "id integer primary key,", 1) + ", unique (digest)"
        elif table in ("tokens", "sketches"):
            names = names.replace("article,", "article integer primary key,", 1)
        yield f"create table staged.{table} ({names})"
    yield "create table staged.docids (article integer primary key, docid integer)"


@lru_cache(maxsize=4096)
def _index_names(names: str) -> str:
    """Index tokens of a JSON array of names; an archive has few different ones."""
    return index_labels(name for name in json.loads(names) if name)
